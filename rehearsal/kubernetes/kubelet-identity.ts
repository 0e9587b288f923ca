import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "../../common/poll.ts";
import { certificateRequest, isIssuedBy, writeSecret, type KeyPair } from "./certificates.ts";
import { KubeApi } from "./kube-api.ts";
import { randomBytes } from "node:crypto";
import { z } from "zod";

export interface KubeletIdentityArgs {
  readonly name: string;
  readonly folder: string;
  /** The plan's addresses of the control planes. */
  readonly controlPlanes: readonly string[];
  /** `cluster.ca.crt`, PEM. */
  readonly clusterCa: string;
  /** `cluster.token` */
  readonly bootstrapToken: string;
}

const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const signing = z.object({
  status: z.object({ certificate: z.string().optional(), conditions: z.array(z.object({ type: z.string(), message: z.string().default("") })).default([]) }).default({ conditions: [] }),
});

/**
 * The node's client certificate: the one it has on its disk, or a new one that the cluster signs for the machine config's
 * token. Kubernetes' own TLS bootstrap: a wrong token or a wrong authority is refused by the real API server.
 */
export async function kubeletIdentity(args: KubeletIdentityArgs, signal: AbortSignal): Promise<KeyPair> {
  const { name, folder, controlPlanes, clusterCa, bootstrapToken } = args;
  const [crtFile, keyFile] = [join(folder, "kubelet", "kubelet.crt"), join(folder, "kubelet", "kubelet.key")];
  const there = await storedPair(crtFile, keyFile);
  if (there !== undefined && isIssuedBy(there.crt, clusterCa)) return there;
  const { csr, key } = await certificateRequest({ commonName: `system:node:${name}`, organization: "system:nodes" });
  const api = new KubeApi(controlPlanes, { ca: clusterCa, token: bootstrapToken }, signal);
  try {
    const object = `node-csr-${randomBytes(16).toString("hex")}`;
    const spec = { request: Buffer.from(csr).toString("base64"), signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["digital signature", "client auth"] };
    await api.ensure(requests, { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", metadata: { name: object }, spec });
    const crt = await signedCertificate(api, object, signal);
    await writeSecret(keyFile, key);
    await writeSecret(crtFile, crt);
    return { crt, key };
  } finally {
    api.close();
  }
}

/** The certificate, as soon as the controller manager has approved and signed the request. */
function signedCertificate(api: KubeApi, request: string, signal: AbortSignal): Promise<string> {
  return poll(
    async () => {
      const { status } = signing.parse(await api.get(`${requests}/${request}`));
      if (status.certificate !== undefined) return { done: true, value: Buffer.from(status.certificate, "base64").toString() };
      const refused = status.conditions.find(({ type }) => type === "Denied" || type === "Failed");
      if (refused !== undefined) throw new Error(`the cluster refuses the node a certificate: ${refused.message}`);
      return { done: false, reason: `the cluster has not signed the node's certificate (request ${request})` };
    },
    { timeoutMs: 30_000, intervalMs: 100, signal },
  );
}

async function storedPair(crtFile: string, keyFile: string): Promise<KeyPair | undefined> {
  try {
    return { crt: await readFile(crtFile, "utf8"), key: await readFile(keyFile, "utf8") };
  } catch {
    // A new disk.
    return undefined;
  }
}
