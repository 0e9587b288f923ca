import { isDeepStrictEqual } from "node:util";
import { mainDocument } from "./machine-config.ts";

/** What may change without a reboot (Talos v1.11.5, Runtime.CanApplyImmediate). */
const immediate: readonly (readonly string[])[] = [
  ["debug"],
  ["cluster"],
  ...["ca", "acceptedCAs", "time", "certSANs", "install", "network", "sysfs", "sysctls", "logging", "controlPlane", "kubelet", "kernel", "registries", "pods", "seccompProfiles", "nodeAnnotations", "nodeLabels", "nodeTaints"].map((name) => ["machine", name]),
  ...["kubernetesTalosAPIAccess", "kubePrism", "hostDNS", "imageCache", "nodeAddressSortAlgorithm"].map((name) => ["machine", "features", name]),
];

/** Why a changed config needs a reboot; nothing when it does not. Other documents than the main one never do. */
export function needsReboot(before: string, after: string): string | undefined {
  const [one, other] = [before, after].map((text) => withoutImmediate(mainDocument(text)));
  return isDeepStrictEqual(one, other) ? undefined : "this config change can't be applied in immediate mode";
}

function withoutImmediate(document: unknown): unknown {
  const copy: unknown = structuredClone(document);
  for (const path of immediate) remove(copy, path);
  return copy;
}

function remove(value: unknown, [first, ...rest]: readonly string[]): void {
  if (typeof value !== "object" || value === null || first === undefined || !(first in value)) return;
  const record = value as Record<string, unknown>;
  if (rest.length === 0) Reflect.deleteProperty(record, first);
  else remove(record[first], rest);
}
