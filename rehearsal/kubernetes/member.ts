/** One control plane of a cluster: the real etcd, kube-apiserver, kube-controller-manager and kube-scheduler of one Talos machine. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { bootstrapManifests } from "./bootstrap-manifests.ts";
import { issueCertificate } from "./certificates.ts";
import type { ClusterPki } from "./cluster-pki.ts";
import { Etcd, type InitialMember } from "./etcd.ts";
import { apiServerPort, KubeApi } from "./kube-api.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { apiServerFlags, controllerManagerFlags, schedulerFlags, type ProgramSettings } from "./kubernetes-programs.ts";
import { KeptProgram } from "./program.ts";
import { becomes } from "./readiness.ts";

export interface MemberArgs {
  /** "talos-node-1" */
  readonly name: string;
  /** The plan's: "10.10.0.11". It listens at that address of this machine (rehearsal/addresses.ts) and nowhere else. */
  readonly address: string;
  /** Everything it writes, etcd's data too. */
  readonly folder: string;
  /** As in `startMarked`. */
  readonly mark: string;
  readonly pki: ClusterPki;
  /** `cluster.token`: what kubelets join with. */
  readonly bootstrapToken: string;
  /** `cluster.clusterName` */
  readonly clusterName: string;
  /** `cluster.controlPlane.endpoint`: "https://10.10.0.11:6443" */
  readonly endpoint: string;
  /** `cluster.apiServer.certSANs` */
  readonly certSANs: readonly string[];
  readonly serviceCidr: string;
  readonly podCidr: string;
  readonly dnsDomain: string;
  /** The members that etcd joins; only itself, not existing: it founds the cluster. Without meaning once it has data. */
  readonly initialCluster: readonly InitialMember[];
  /** Paths of the executables. */
  readonly tools: Readonly<Record<"etcd" | "kubeApiserver" | "kubeControllerManager" | "kubeScheduler", string>>;
}

type ProgramName = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";

export class ControlPlaneMember {
  readonly etcd: Etcd;
  readonly #args: MemberArgs;
  #programs: ReadonlyMap<ProgramName, KeptProgram> | undefined;
  #api: KubeApi | undefined;

  constructor(args: MemberArgs) {
    this.#args = args;
    const { name, address, folder, mark, pki, initialCluster, tools } = args;
    this.etcd = new Etcd({ name, address, folder, mark, authority: pki.etcdCa, initialCluster, program: tools.etcd });
  }

  /** Starts everything and waits until all of it is ready. On the same folder a second time: with the same data. */
  async start(): Promise<void> {
    await this.etcd.start();
    await this.startKubernetes();
  }

  async stop(patienceMs?: number): Promise<void> {
    await this.stopKubernetes(patienceMs);
    await this.etcd.stop(patienceMs);
  }

  async startEtcd(): Promise<void> {
    await this.etcd.start();
  }

  async stopEtcd(): Promise<void> {
    await this.etcd.stop();
  }

  /** The API server first; when it is ready, what a new Talos cluster has in it, then the other two. */
  async startKubernetes(): Promise<void> {
    if (this.#programs !== undefined) return;
    const { name, address, folder, mark, pki, bootstrapToken, tools } = this.#args;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const settings: ProgramSettings = this.#args;
    const kept = (what: ProgramName, program: string, args: readonly string[]): KeptProgram =>
      new KeptProgram({ name: `${what} of ${name}`, program, args, directory: folder, logFile: join(folder, `${what}.log`), mark });
    const apiServer = kept("kube-apiserver", tools.kubeApiserver, await apiServerFlags(settings));
    const controllerManager = kept("kube-controller-manager", tools.kubeControllerManager, await controllerManagerFlags(settings));
    const scheduler = kept("kube-scheduler", tools.kubeScheduler, await schedulerFlags(settings));
    this.#api = new KubeApi([address], { ca: pki.clusterCa.crt, ...(await this.adminIdentity()) });
    this.#programs = new Map([["kube-apiserver", apiServer], ["kube-controller-manager", controllerManager], ["kube-scheduler", scheduler]]);
    apiServer.start();
    await becomes(`kube-apiserver of ${name} to be ready`, [apiServer], () => this.apiReady());
    for (const { collection, object } of bootstrapManifests(bootstrapToken)) await this.#api.ensure(collection, object);
    controllerManager.start();
    scheduler.start();
  }

  async stopKubernetes(patienceMs?: number): Promise<void> {
    const programs = [...(this.#programs?.values() ?? [])];
    this.#programs = undefined;
    this.#api?.close();
    this.#api = undefined;
    await Promise.all(programs.map((program) => program.stop(patienceMs)));
  }

  /** Why etcd is not healthy; nothing when it is. */
  etcdHealthy(): Promise<string | undefined> {
    return this.etcd.problem();
  }

  /** Why the API server is not ready; nothing when it is. */
  async apiReady(): Promise<string | undefined> {
    const what = `kube-apiserver of ${this.#args.name}`;
    const ended = this.programProblem("kube-apiserver");
    if (ended !== undefined || this.#api === undefined) return ended;
    try {
      const problem = await this.#api.problem();
      return problem === undefined ? undefined : `${what} is not ready: ${problem}`;
    } catch (error) {
      return `${what} does not answer: ${errorMessage(error)}`;
    }
  }

  /** Why a program does not run; nothing when it does. */
  programProblem(name: ProgramName): string | undefined {
    const program = this.#programs?.get(name);
    return program === undefined ? `${name} of ${this.#args.name} is stopped` : program.problem();
  }

  /** A client certificate of the cluster's administrator, for as long as a year. */
  adminIdentity(): Promise<{ readonly crt: string; readonly key: string }> {
    return issueCertificate(this.#args.pki.clusterCa, { commonName: "admin", organization: "system:masters", usages: ["client"] });
  }

  /** As `talosctl kubeconfig` gives it; `endpoint` is the server in it, by default the cluster's own. */
  async adminKubeconfig(endpoint: string = this.#args.endpoint): Promise<string> {
    const { pki, clusterName } = this.#args;
    return renderKubeconfig({ server: endpoint, ca: pki.clusterCa.crt, user: await this.adminIdentity(), cluster: clusterName, userName: "admin" });
  }

  /** Where its API server listens, in the plan. */
  get apiEndpoint(): string {
    return `https://${this.#args.address}:${apiServerPort}`;
  }
}
