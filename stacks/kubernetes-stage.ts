import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

export type KubernetesStageOptions = pulumi.ComponentResourceOptions & { readonly providers: { readonly kubernetes: kubernetes.Provider } };

/** The options of a stage's component whose objects are in the cluster: its explicit provider, at the cluster of this window. */
export function kubernetesStage(stage: string, kubeconfig: pulumi.Output<string>): KubernetesStageOptions {
  const provider = new kubernetes.Provider(`kubernetes-${stage}`, {
    kubeconfig,
    // AWS ends the cluster every day: what was in it is then no more, and the next window's run begins anew.
    deleteUnreachable: true,
    // A create that was lost in a kill is done again, over what it left (automation/recovery/find/nowhere.ts).
    upsertExistingObjects: true,
  });
  return { providers: { kubernetes: provider } };
}
