/** The provider's own arguments, as the official provider takes them, with the environment variables that stand in for them. */
import { refuseArguments } from "../arguments.ts";
import type { PropertyChange } from "../diff.ts";
import type { Failure } from "../resource-type.ts";
import { type Properties, UNKNOWN, unwrapSecrets } from "../values.ts";
import type { Settings } from "./context.ts";
import { same } from "./differences.ts";
import { activeCluster, type Selection } from "./kubeconfig.ts";
import { textAt } from "./objects.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  deleteUnreachable: "PULUMI_K8S_DELETE_UNREACHABLE",
  enableConfigMapMutable: "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
  enablePatchForce: "PULUMI_K8S_ENABLE_PATCH_FORCE",
  enableSecretMutable: "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
  enableServerSideApply: "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
  upsertExistingObjects: "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
};

/** What the official provider warns of, the stand-in does not: nothing is to be suppressed. */
const WITHOUT_EFFECT = ["suppressDeprecationWarnings", "suppressHelmHookWarnings"];
const TEXTS = ["kubeconfig", "context", "cluster", "namespace", "clusterIdentifier"];

export function checkArguments(given: Properties, env: NodeJS.ProcessEnv): Failure[] {
  const args = unwrapSecrets(given) as Properties;
  const failures = refuseArguments("kubernetes", args, [...TEXTS, ...Object.keys(VARIABLES), ...WITHOUT_EFFECT]);
  if (flag(args, "enableServerSideApply", env) === false) {
    failures.push({ property: "enableServerSideApply", reason: "the stand-in kubernetes provider knows server-side apply only: enableServerSideApply must not be false" });
  }
  return failures;
}

export function settingsOf(args: Properties, env: NodeJS.ProcessEnv, contextNamespace: string | undefined): Settings {
  const on = (name: string): boolean => flag(args, name, env) === true;
  return {
    namespace: textOf(args, "namespace") ?? contextNamespace ?? "default",
    deleteUnreachable: on("deleteUnreachable"),
    force: on("enablePatchForce"),
    upsert: on("upsertExistingObjects"),
    mutability: { configMaps: on("enableConfigMapMutable"), secrets: on("enableSecretMutable") },
  };
}

export function selectionOf(args: Properties): Selection {
  return { context: textOf(args, "context"), cluster: textOf(args, "cluster") };
}

export function kubeconfigOf(args: Properties, env: NodeJS.ProcessEnv): string | undefined {
  return textOf(args, "kubeconfig") ?? (env["KUBECONFIG"] || undefined);
}

/**
 * A change of the arguments moves every resource if they lead to another cluster. Nothing tells clusters apart but the entry in the
 * kubeconfig, or the program by a `clusterIdentifier` (provider.go, `DiffConfig`).
 */
export function diffArguments(before: Properties, after: Properties): readonly PropertyChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !same(before[name], after[name]));
  const moves = movedBy(before, after);
  return names.map((property) => ({ property, replaces: moves.includes(property) }));
}

function movedBy(before: Properties, after: Properties): readonly string[] {
  const [was, is] = [textOf(before, "clusterIdentifier"), textOf(after, "clusterIdentifier")];
  if (is !== undefined && was === is) return [];
  const identity = was !== undefined && is !== undefined ? ["clusterIdentifier"] : [];
  const leading = ["kubeconfig", "context", "cluster"];
  if (leading.some((name) => after[name] === UNKNOWN)) return [...identity, ...leading.filter((name) => after[name] === UNKNOWN)];
  const [old, now] = [before, after].map((args) => activeCluster(textOf(args, "kubeconfig") ?? "", selectionOf(args)));
  const isOther = old !== undefined && now !== undefined && !same(old, now);
  return [...identity, ...(isOther ? leading.filter((name) => !same(before[name], after[name])) : [])];
}

function textOf(args: Properties, name: string): string | undefined {
  const value = textAt(args, name);
  return value === "" || value === UNKNOWN ? undefined : value;
}

/** The SDK sends flags as JSON text. */
function flag(args: Properties, name: string, env: NodeJS.ProcessEnv): boolean | undefined {
  const value = args[name] ?? env[VARIABLES[name] ?? ""];
  return value === undefined || value === "" ? undefined : value === true || value === "true";
}
