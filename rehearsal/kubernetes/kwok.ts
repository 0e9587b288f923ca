/** The real KWOK, one for a cluster: pods that the real scheduler has put on a node become Running and Ready, jobs complete. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { localAddress } from "../addresses.ts";
import { issueCertificate, writeSecret, type KeyPair } from "./certificates.ts";
import { apiServerPort } from "./kube-api.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { KeptProgram } from "./program.ts";

export interface KwokArgs {
  readonly folder: string;
  /** As in `startMarked`. */
  readonly mark: string;
  readonly clusterCa: KeyPair;
  /** Path of the executable. */
  readonly program: string;
}

/** KWOK wants a stage for nodes or takes its own; this one never comes, so it leaves them to their kubelets. */
const noNodeStage = {
  apiVersion: "kwok.x-k8s.io/v1alpha1",
  kind: "Stage",
  metadata: { name: "nodes-are-left-alone" },
  spec: {
    resourceRef: { apiGroup: "v1", kind: "Node" },
    selector: { matchLabels: { "moonback.dev/never": "true" } },
    next: { statusTemplate: "{}" },
  },
};

export class Kwok {
  readonly #args: KwokArgs;
  #program: KeptProgram | undefined;
  #address: string | undefined;

  constructor(args: KwokArgs) {
    this.#args = args;
  }

  /** Runs it against the API server at this address of the plan; without one, stops it. The same address again: nothing. */
  async follow(address: string | undefined): Promise<void> {
    if (address === this.#address) return;
    await this.#program?.stop();
    this.#program = undefined;
    this.#address = address;
    if (address === undefined) return;
    const { folder, mark, clusterCa, program } = this.#args;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [kubeconfig, config] = [join(folder, "kwok.kubeconfig"), join(folder, "kwok.yaml")];
    const user = await issueCertificate(clusterCa, { commonName: "kwok", organization: "system:masters", usages: ["client"] });
    await writeSecret(kubeconfig, renderKubeconfig({ server: `https://${localAddress(address)}:${apiServerPort}`, ca: clusterCa.crt, user, cluster: "local", userName: "kwok" }));
    await writeFile(config, stringify(noNodeStage));
    const args = [`--kubeconfig=${kubeconfig}`, `--config=${config}`, "--manage-all-nodes=true", "--node-lease-duration-seconds=0"];
    this.#program = new KeptProgram({ name: "kwok", program, args, directory: folder, logFile: join(folder, "kwok.log"), mark });
    this.#program.start();
  }

  stop(): Promise<void> {
    return this.follow(undefined);
  }

  /** Why it does not run; nothing when it does. */
  problem(): string | undefined {
    return this.#program === undefined ? "kwok is stopped" : this.#program.problem();
  }
}
