import type { KeyPair } from "./certificates.ts";

/** The secrets that all control planes of a cluster share: `cluster` of a control plane's Talos machine config, decoded. */
export interface ClusterPki {
  /** `cluster.ca` */
  readonly clusterCa: KeyPair;
  /** `cluster.aggregatorCA` */
  readonly aggregatorCa: KeyPair;
  /** `cluster.etcd.ca` */
  readonly etcdCa: KeyPair;
  /** `cluster.serviceAccount.key`, PEM: RSA or ECDSA. */
  readonly serviceAccountKey: string;
  /** `cluster.aescbcEncryptionSecret`, base64 as it stands there. */
  readonly aescbcSecret?: string | undefined;
  /** `cluster.secretboxEncryptionSecret`, base64 as it stands there. */
  readonly secretboxSecret?: string | undefined;
}
