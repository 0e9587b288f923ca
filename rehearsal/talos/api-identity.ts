import { errorMessage } from "../../common/errors.ts";
import { localAddress } from "../addresses.ts";
import { issueCertificate, type KeyPair } from "../kubernetes/certificates.ts";
import { impersonatorRole } from "./api/roles.ts";
import type { Descriptors } from "./api/descriptors.ts";
import { endpointHost, isControlPlane, type MachineConfig } from "./machine-config.ts";
import type { NodeNetwork } from "./network.ts";
import { trustdPort } from "./ports.ts";
import { requestCertificate } from "./signing.ts";
import { askTrustd } from "./trustd.ts";

/** What a node's API shows and, on a control plane, what it asks other nodes with. */
export interface ApiIdentity {
  readonly authority: string;
  readonly server: KeyPair;
  readonly client: KeyPair | undefined;
}

export interface IdentityPlan {
  readonly config: MachineConfig;
  readonly hostname: string;
  readonly network: NodeNetwork;
  readonly descriptors: Descriptors;
  /** More control planes than the endpoint, once the node knows some. */
  readonly moreControlPlanes: () => Promise<readonly string[]>;
}

/** Made from the machine config's authority on a control plane; signed by one's trustd on a worker, which has no key for it. */
export async function apiIdentity(plan: IdentityPlan): Promise<ApiIdentity> {
  const { config, hostname } = plan;
  const { ca } = config.machine;
  const names = servingNames(plan);
  if (isControlPlane(config)) {
    return {
      authority: ca.crt,
      server: await issueCertificate(ca, { commonName: hostname, names, usages: ["server"] }),
      client: await issueCertificate(ca, { commonName: hostname, organization: impersonatorRole, usages: ["client"] }),
    };
  }
  const { csr, key } = await requestCertificate(hostname, names);
  return { authority: ca.crt, server: { crt: await fromTrustd(plan, csr), key }, client: undefined };
}

/** The node's addresses and names; those of this machine too, since that is where its API is reached here. */
export function servingNames({ config: { machine }, hostname, network: { address } }: Pick<IdentityPlan, "config" | "hostname" | "network">): string[] {
  const wanted = [address, hostname, "localhost", "127.0.0.1", ...machine.certSANs];
  return [...new Set([...wanted, ...wanted.filter((name) => /^10(\.\d+){3}$/.test(name)).map(localAddress)])];
}

/** From the first control plane that gives one. */
async function fromTrustd({ config, network, descriptors, moreControlPlanes }: IdentityPlan, csr: string): Promise<string> {
  const problems: string[] = [];
  for (const host of [endpointHost(config), ...(await moreControlPlanes().catch(() => []))]) {
    try {
      return await askTrustd({ descriptors, at: network.place(host, trustdPort), authority: config.machine.ca.crt, token: config.machine.token, csr });
    } catch (error) {
      problems.push(`${host}:${trustdPort}: ${errorMessage(error)}`);
    }
  }
  throw new Error(`failed to sign API server CSR: ${problems.join("; ")}`);
}
