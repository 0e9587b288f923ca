import { stringify } from "yaml";
import type { KeyPair } from "./certificates.ts";

export interface KubeconfigArgs {
  /** "https://10.10.0.11:6443" */
  readonly server: string;
  readonly ca: string;
  readonly user: KeyPair;
  /** Names of cluster and user; a context is called user@cluster, as by Talos. */
  readonly cluster: string;
  readonly userName: string;
}

/** A kubeconfig with everything in it, in the form that `talosctl kubeconfig` writes. */
export function renderKubeconfig({ server, ca, user, cluster, userName }: KubeconfigArgs): string {
  const context = `${userName}@${cluster}`;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: cluster, cluster: { server, "certificate-authority-data": base64(ca) } }],
      users: [{ name: context, user: { "client-certificate-data": base64(user.crt), "client-key-data": base64(user.key) } }],
      contexts: [{ name: context, context: { cluster, namespace: "default", user: context } }],
      "current-context": context,
    },
    { lineWidth: 0 },
  );
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
