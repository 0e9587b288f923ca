/**
 * What kube-apiserver, kube-controller-manager and kube-scheduler of one control plane read, and their flags: as Talos v1.11
 * has them (controllers/k8s/control_plane_static_pod.go, controllers/secrets). What differs: every port is the machine's own,
 * since three control planes share one loopback, and no audit log is written.
 */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import { formatHost, hostNumber, mustParseCidr } from "../../common/cidr.ts";
import { localAddress } from "../addresses.ts";
import { issueCertificate, writeSecret, type KeyPair } from "./certificates.ts";
import type { ClusterPki } from "./cluster-pki.ts";
import { clientUrl } from "./etcd-client.ts";
import { apiServerPort } from "./kube-api.ts";
import { renderKubeconfig } from "./kubeconfig.ts";

export interface ProgramSettings {
  readonly name: string;
  /** The plan's. */
  readonly address: string;
  /** Where the files go. */
  readonly folder: string;
  readonly pki: ClusterPki;
  /** `cluster.controlPlane.endpoint`: issuer and audience of service account tokens. */
  readonly endpoint: string;
  readonly certSANs: readonly string[];
  readonly serviceCidr: string;
  readonly podCidr: string;
  readonly dnsDomain: string;
}

const ports = { controllerManager: 10257, scheduler: 10259 } as const;

/** The flags of kube-apiserver, once its files are written. */
export async function apiServerFlags(settings: ProgramSettings): Promise<string[]> {
  const { address, folder, pki, endpoint, serviceCidr } = settings;
  const file = (name: string): string => join(folder, "secrets", "kube-apiserver", name);
  const write = async (name: string, text: string): Promise<string> => {
    await writeSecret(file(name), text);
    return file(name);
  };
  const pair = async (name: string, { crt, key }: KeyPair): Promise<{ crt: string; key: string }> => ({ crt: await write(`${name}.crt`, crt), key: await write(`${name}.key`, key) });
  const serving = await pair("apiserver", await issueCertificate(pki.clusterCa, { commonName: "kube-apiserver", organization: "kube-master", names: servingNames(settings), usages: ["server"] }));
  const kubeletClient = await pair("apiserver-kubelet-client", await issueCertificate(pki.clusterCa, { commonName: "apiserver-kubelet-client", organization: "system:masters", usages: ["client"] }));
  const frontProxy = await pair("front-proxy-client", await issueCertificate(pki.aggregatorCa, { commonName: "front-proxy-client", usages: ["client"] }));
  const etcdClient = await pair("etcd-client", await issueCertificate(pki.etcdCa, { commonName: "kube-apiserver", usages: ["client"] }));
  return [
    "--allow-privileged=true", "--anonymous-auth=false", `--api-audiences=${endpoint}`, "--authorization-mode=Node,RBAC",
    `--bind-address=${localAddress(address)}`, `--secure-port=${apiServerPort}`, `--advertise-address=${address}`,
    `--client-ca-file=${await write("ca.crt", pki.clusterCa.crt)}`,
    "--enable-admission-plugins=NodeRestriction", "--enable-bootstrap-token-auth=true",
    `--requestheader-client-ca-file=${await write("aggregator-ca.crt", pki.aggregatorCa.crt)}`, "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group", "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${frontProxy.crt}`, `--proxy-client-key-file=${frontProxy.key}`,
    "--tls-min-version=VersionTLS12", `--tls-cert-file=${serving.crt}`, `--tls-private-key-file=${serving.key}`,
    `--encryption-provider-config=${await write("encryptionconfig.yaml", renderEncryption(pki))}`,
    `--etcd-servers=${clientUrl(address)}`, `--etcd-cafile=${await write("etcd-client-ca.crt", pki.etcdCa.crt)}`, `--etcd-certfile=${etcdClient.crt}`, `--etcd-keyfile=${etcdClient.key}`,
    `--kubelet-client-certificate=${kubeletClient.crt}`, `--kubelet-client-key=${kubeletClient.key}`, "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    "--profiling=false", `--service-account-issuer=${endpoint}`,
    `--service-account-key-file=${await write("service-account.pub", publicPem(pki.serviceAccountKey))}`,
    `--service-account-signing-key-file=${await write("service-account.key", pki.serviceAccountKey)}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    // Talos lets a stopping server finish its calls; here a machine that ends, ends at once.
    "--shutdown-delay-duration=0s",
  ];
}

/** The flags of kube-controller-manager, once its files are written. */
export async function controllerManagerFlags(settings: ProgramSettings): Promise<string[]> {
  const { address, folder, pki, podCidr, serviceCidr } = settings;
  const file = (name: string): string => join(folder, "secrets", "kube-controller-manager", name);
  await writeSecret(file("ca.crt"), pki.clusterCa.crt);
  await writeSecret(file("ca.key"), pki.clusterCa.key);
  await writeSecret(file("service-account.key"), pki.serviceAccountKey);
  await writeSecret(file("kubeconfig"), await componentKubeconfig(settings, "system:kube-controller-manager"));
  return [
    "--allocate-node-cidrs=true", `--bind-address=${localAddress(address)}`, `--secure-port=${ports.controllerManager}`, `--cluster-cidr=${podCidr}`, `--service-cluster-ip-range=${serviceCidr}`,
    `--cluster-signing-cert-file=${file("ca.crt")}`, `--cluster-signing-key-file=${file("ca.key")}`, "--controllers=*,tokencleaner", "--configure-cloud-routes=false",
    `--kubeconfig=${file("kubeconfig")}`, `--authentication-kubeconfig=${file("kubeconfig")}`, `--authorization-kubeconfig=${file("kubeconfig")}`,
    "--leader-elect=true", `--root-ca-file=${file("ca.crt")}`, `--service-account-private-key-file=${file("service-account.key")}`,
    "--use-service-account-credentials=true", "--profiling=false", "--tls-min-version=VersionTLS13",
  ];
}

/** The flags of kube-scheduler, once its files are written. */
export async function schedulerFlags(settings: ProgramSettings): Promise<string[]> {
  const { address, folder } = settings;
  const kubeconfig = join(folder, "secrets", "kube-scheduler", "kubeconfig");
  await writeSecret(kubeconfig, await componentKubeconfig(settings, "system:kube-scheduler"));
  return [
    `--kubeconfig=${kubeconfig}`, `--authentication-kubeconfig=${kubeconfig}`, `--authorization-kubeconfig=${kubeconfig}`, "--authentication-tolerate-lookup-failure=false",
    `--bind-address=${localAddress(address)}`, `--secure-port=${ports.scheduler}`, "--leader-elect=true", "--profiling=false", "--tls-min-version=VersionTLS13",
  ];
}

async function componentKubeconfig({ address, pki }: ProgramSettings, user: string): Promise<string> {
  const identity = await issueCertificate(pki.clusterCa, { commonName: user, organization: user, usages: ["client"] });
  return renderKubeconfig({ server: `https://${localAddress(address)}:${apiServerPort}`, ca: pki.clusterCa.crt, user: identity, cluster: "local", userName: user });
}

/** The names of Talos (secrets/kubernetes_cert_sans.go), and the place on this machine. */
function servingNames({ name, address, endpoint, certSANs, serviceCidr, dnsDomain }: ProgramSettings): string[] {
  const service = formatHost(hostNumber(mustParseCidr(serviceCidr).base) + 1);
  const dns = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", `kubernetes.default.svc.${dnsDomain}`, "localhost", name];
  return [...new Set([new URL(endpoint).hostname, ...certSANs, ...dns, service, address, "127.0.0.1", localAddress(address)])];
}

const publicPem = (privatePem: string): string => createPublicKey(createPrivateKey(privatePem)).export({ type: "spki", format: "pem" }).toString();

/** Secrets are encrypted in etcd with the keys of the machine config (k8stemplates/apiserver.go). */
function renderEncryption({ aescbcSecret, secretboxSecret }: ClusterPki): string {
  const providers = [
    ...(secretboxSecret === undefined ? [] : [{ secretbox: { keys: [{ name: "key2", secret: secretboxSecret }] } }]),
    ...(aescbcSecret === undefined ? [] : [{ aescbc: { keys: [{ name: "key1", secret: aescbcSecret }] } }]),
    { identity: {} },
  ];
  return stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", resources: [{ resources: ["secrets"], providers }] });
}
