import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { ClusterPki } from "../kubernetes/cluster-pki.ts";
import { defaultImages } from "./images.ts";

/** What a stand-in node reads of a machine config (Talos v1.11, v1alpha1). All else is kept as it is, and judged by talosctl. */
const pem = z.string().transform((text) =>
  // Talos writes the key of its own authority under a label that is its own too; what it is, is PKCS #8.
  Buffer.from(text, "base64").toString().replaceAll("ED25519 PRIVATE KEY", "PRIVATE KEY"),
);
const optionalPem = pem.default("");
/** Talos writes an empty section as null. */
const orEmpty = <T extends z.ZodType>(schema: T) => z.preprocess((value) => value ?? {}, schema);
const texts = z.preprocess((value) => value ?? {}, z.record(z.string(), z.string().default("")));
const image = (standard: string) => orEmpty(z.looseObject({ image: z.string().default(standard) }));

/** "10.10.0.0/16" as in `nodeTaints`: `value:Effect`, or `:Effect`. */
const taint = z.string().regex(/^[^:]*:(NoSchedule|PreferNoSchedule|NoExecute)$/);

const machine = z.looseObject({
  type: z.enum(["controlplane", "worker"]),
  token: z.string(),
  ca: z.looseObject({ crt: pem, key: optionalPem }),
  certSANs: z.array(z.string()).nullish().transform((names) => names ?? []),
  kubelet: orEmpty(z.looseObject({ image: z.string().default(defaultImages.kubelet), extraConfig: orEmpty(z.looseObject({ maxPods: z.number().default(110) })) })),
  network: orEmpty(z.looseObject({ hostname: z.string().optional() })),
  install: orEmpty(z.looseObject({ image: z.string().default(defaultImages.installer) })),
  registries: orEmpty(
    z.looseObject({
      mirrors: z.preprocess((value) => value ?? {}, z.record(z.string(), z.looseObject({ endpoints: z.array(z.string()).default([]), overridePath: z.boolean().default(false), skipFallback: z.boolean().default(false) }))),
    }),
  ),
  kernel: orEmpty(z.looseObject({ modules: z.array(z.looseObject({ name: z.string() })).default([]) })),
  nodeLabels: texts,
  nodeAnnotations: texts,
  nodeTaints: z.preprocess((value) => value ?? {}, z.record(z.string(), taint)),
});

const cluster = z.looseObject({
  clusterName: z.string().default("kubernetes"),
  controlPlane: z.looseObject({ endpoint: z.url() }),
  network: orEmpty(
    z.looseObject({ dnsDomain: z.string().default("cluster.local"), podSubnets: z.array(z.string()).default(["10.244.0.0/16"]), serviceSubnets: z.array(z.string()).default(["10.96.0.0/12"]) }),
  ),
  token: z.string(),
  ca: z.looseObject({ crt: pem, key: optionalPem }),
  aggregatorCA: z.looseObject({ crt: pem, key: optionalPem }).optional(),
  serviceAccount: z.looseObject({ key: pem }).optional(),
  aescbcEncryptionSecret: z.string().optional(),
  secretboxEncryptionSecret: z.string().optional(),
  apiServer: orEmpty(z.looseObject({ image: z.string().default(defaultImages.apiServer), certSANs: z.array(z.string()).nullish().transform((names) => names ?? []) })),
  controllerManager: image(defaultImages.controllerManager),
  scheduler: image(defaultImages.scheduler),
  etcd: orEmpty(z.looseObject({ image: z.string().default(defaultImages.etcd), ca: z.looseObject({ crt: pem, key: optionalPem }).optional() })),
  allowSchedulingOnControlPlanes: z.boolean().default(false),
});

const v1alpha1 = z.looseObject({ version: z.literal("v1alpha1"), machine, cluster });
const extensionService = z.looseObject({ kind: z.literal("ExtensionServiceConfig"), name: z.string(), environment: z.array(z.string()).default([]) });

export interface MachineConfig {
  /** As it was given; comments and all. */
  readonly text: string;
  readonly machine: z.infer<typeof machine>;
  readonly cluster: z.infer<typeof cluster>;
  /** Names of the extension services that are configured. */
  readonly extensionServices: readonly string[];
}

/** Reads what talosctl has found valid; throws where it is not a config for a node like this. */
export function readMachineConfig(text: string): MachineConfig {
  const parsed = v1alpha1.safeParse(mainDocument(text));
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
  const extensionServices = documents(text).flatMap((document) => extensionService.safeParse(document).data?.name ?? []);
  return { text, machine: parsed.data.machine, cluster: parsed.data.cluster, extensionServices };
}

/** The one document without a kind: `machine` and `cluster`. */
export function mainDocument(text: string): unknown {
  const main = documents(text).filter((document) => !isKind(document));
  if (main.length !== 1) throw new Error(`the machine configuration has ${main.length} v1alpha1 documents, not one`);
  return main[0];
}

function documents(text: string): unknown[] {
  return parseAllDocuments(text).flatMap((document): unknown[] => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(error.message);
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
}

const isKind = (document: unknown): boolean => typeof document === "object" && document !== null && "kind" in document;

export const isControlPlane = ({ machine: { type } }: MachineConfig): boolean => type === "controlplane";

/** The cluster's secrets, which only a control plane has. */
export function clusterPki({ cluster: { ca, aggregatorCA, serviceAccount, etcd, aescbcEncryptionSecret, secretboxEncryptionSecret } }: MachineConfig): ClusterPki {
  if (aggregatorCA === undefined || serviceAccount === undefined || etcd.ca === undefined) throw new Error("a control plane's machine config has cluster.aggregatorCA, cluster.serviceAccount and cluster.etcd.ca");
  return { clusterCa: ca, aggregatorCa: aggregatorCA, etcdCa: etcd.ca, serviceAccountKey: serviceAccount.key, aescbcSecret: aescbcEncryptionSecret, secretboxSecret: secretboxEncryptionSecret };
}

/** Where the cluster's API is: "10.10.0.11". */
export const endpointHost = ({ cluster: { controlPlane } }: MachineConfig): string => new URL(controlPlane.endpoint).hostname;
