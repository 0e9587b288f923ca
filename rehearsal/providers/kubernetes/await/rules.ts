import type { Properties } from "../../values.ts";
import type { Cluster } from "../cluster.ts";
import { isNotFound } from "../errors.ts";
import type { KindId } from "../kind.ts";
import { ANNOTATIONS, annotationOf, isAnnotated, nameOf, namespaceOf, textAt } from "../objects.ts";
import { judgeCustomResourceDefinition, judgeNamespace, judgeResourceQuota, judgeTokenSecret } from "./definitions.ts";
import { type Judgement, ready } from "./judgement.ts";
import { hasPods, judgeIngress, judgeService } from "./networking.ts";
import { judgeJob, judgePod } from "./pods.ts";
import { judgeClaim, judgeVolume } from "./storage.ts";
import { judgeDaemonSet, judgeDeployment, judgeReplicationController, judgeStatefulSet } from "./workloads.ts";

/** Judges an object as it is now; asks for others where it does not say enough itself. */
export type Rule = (object: Properties, cluster: Pick<Cluster, "get" | "list">) => Promise<Judgement>;

const byItself = (judge: (object: Properties) => Judgement): Rule => (object) => Promise.resolve(judge(object));

/** What is waited for without being told, by group and kind. */
export const RULES: Readonly<Record<string, Rule>> = {
  "apps/Deployment": byItself(judgeDeployment),
  "apps/StatefulSet": byItself(judgeStatefulSet),
  "apps/DaemonSet": byItself(judgeDaemonSet),
  "batch/Job": byItself(judgeJob),
  "networking.k8s.io/Ingress": byItself(judgeIngress),
  "apiextensions.k8s.io/CustomResourceDefinition": byItself(judgeCustomResourceDefinition),
  "/Namespace": byItself(judgeNamespace),
  "/PersistentVolume": byItself(judgeVolume),
  "/PersistentVolumeClaim": async (object, cluster) => judgeClaim(object, await bindingMode(object, cluster)),
  "/Pod": byItself(judgePod),
  "/ReplicationController": byItself(judgeReplicationController),
  "/ResourceQuota": byItself(judgeResourceQuota),
  "/Secret": byItself((object) => (object["type"] === "kubernetes.io/service-account-token" ? judgeTokenSecret(object) : ready)),
  "/Service": async (object, cluster) => judgeService(object, hasPods(object) ? await slicesOf(object, cluster) : []),
};

/** What the official provider looks at with every refresh, too. */
const ALSO_WHEN_READ = ["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "batch/Job", "networking.k8s.io/Ingress", "/Pod", "/Service"];

/** What to wait for after an object was made or changed; `undefined` for nothing. */
export async function ruleFor(kind: KindId, inputs: Properties): Promise<Rule | undefined> {
  if (isAnnotated(inputs, ANNOTATIONS.skipAwait)) return undefined;
  const own = annotationOf(inputs, ANNOTATIONS.waitFor);
  if (own === undefined) return RULES[nameOfKind(kind)];
  // Few programs have it, and every start of the plug-in would pay for its reader.
  const { waitFor } = await import("./wait-for.ts");
  return byItself(waitFor(own));
}

/** What an object must be that nobody touches. */
export function ruleWhenRead(kind: KindId, inputs: Properties): Rule | undefined {
  const name = nameOfKind(kind);
  return ALSO_WHEN_READ.includes(name) && !isAnnotated(inputs, ANNOTATIONS.skipAwait) ? RULES[name] : undefined;
}

function nameOfKind({ group, kind }: KindId): string {
  return `${group}/${kind}`;
}

async function bindingMode(claim: Properties, cluster: Pick<Cluster, "get">): Promise<string | undefined> {
  const name = textAt(claim, "spec", "storageClassName");
  if (name === undefined || name === "") return undefined;
  try {
    return textAt(await cluster.get({ kind: { group: "storage.k8s.io", version: "v1", kind: "StorageClass" }, namespace: "", name }), "volumeBindingMode");
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function slicesOf(service: Properties, cluster: Pick<Cluster, "list">): Promise<readonly Properties[]> {
  const labels = `kubernetes.io/service-name=${nameOf(service)}`;
  return cluster.list({ group: "discovery.k8s.io", version: "v1", kind: "EndpointSlice" }, namespaceOf(service), { labels });
}
