import { status } from "@grpc/grpc-js";
import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import { localAddress } from "../addresses.ts";
import { issueCertificate } from "../kubernetes/certificates.ts";
import type { InitialMember } from "../kubernetes/etcd.ts";
import { ControlPlaneMember, type MemberArgs } from "../kubernetes/member.ts";
import { ApiFailure, notNow } from "./api/failure.ts";
import type { ClusterPods } from "./cluster-pods.ts";
import { controlPlaneAddresses } from "./control-planes.ts";
import { defaultImages } from "./images.ts";
import { clusterPki, endpointHost, type MachineConfig } from "./machine-config.ts";
import type { Services } from "./services.ts";

export interface ControlPlanePlan {
  readonly hostname: string;
  readonly address: string;
  /** On the node's disk: what etcd and Kubernetes keep. */
  readonly folder: string;
  readonly mark: string;
  readonly tools: MemberArgs["tools"];
  readonly config: () => MachineConfig;
  readonly services: Services;
  readonly pods: ClusterPods;
  readonly pull: (image: string) => Promise<unknown>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How often it looks whether there is a cluster to join, and whether etcd is healthy, in milliseconds. */
const lookMs = 1_000;
/** How often it says that it waits. */
const nagMs = 30_000;

/** etcd and the static pods of one control plane, as Talos runs them: real programs, started once there is a cluster to be in. */
export class ControlPlane {
  readonly #plan: ControlPlanePlan;
  #member: ControlPlaneMember;
  #settings: string;
  readonly #bootstrap = Promise.withResolvers<readonly InitialMember[]>();
  #bootstrapped = false;
  #ready = false;
  /** One start, stop or restart after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(plan: ControlPlanePlan) {
    this.#plan = plan;
    this.#settings = JSON.stringify(this.#memberArgs([]));
    this.#member = new ControlPlaneMember(this.#memberArgs([]));
  }

  /** The running member: for what is asked of etcd. */
  get member(): ControlPlaneMember {
    return this.#member;
  }

  /** Whether its API server was started and became ready. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Until the node ends: first etcd, then what needs it. */
  async run(): Promise<void> {
    const { services, pull, config, signal } = this.#plan;
    services.set("etcd", "Preparing", "Running pre state");
    await pull(config().cluster.etcd.image);
    while (!signal.aborted) {
      try {
        await this.#become();
        break;
      } catch (error) {
        signal.throwIfAborted();
        await this.#stopPrograms();
        services.set("etcd", "Waiting", `Error running Containerd(etcd), going to restart forever: ${errorMessage(error)}`);
        await systemClock.wait(lookMs, signal);
      }
    }
    while (!signal.aborted) {
      services.check("etcd", await this.#member.etcdHealthy());
      await systemClock.wait(lookMs, signal);
    }
  }

  /** Founds the cluster: once in its life, and not where there was one. */
  bootstrap(): void {
    if (this.#plan.services.get("cri")?.up !== true) throw notNow("bootstrap is not available yet");
    if (this.#bootstrapped || this.#member.etcd.hasData) throw new ApiFailure(status.ALREADY_EXISTS, "etcd data directory is not empty");
    this.#bootstrapped = true;
    this.#plan.services.set("etcd", "Finished", "Bootstrap requested");
    this.#bootstrap.resolve([{ name: this.#plan.hostname, address: this.#plan.address, existing: false }]);
  }

  /** A changed machine config: what it says of the cluster is in the programs' flags. */
  configure(): void {
    const settings = JSON.stringify(this.#memberArgs([]));
    if (settings === this.#settings) return;
    this.#settings = settings;
    if (!this.#ready) return;
    this.#next(async () => {
      await this.#stopPrograms();
      this.#member = new ControlPlaneMember(this.#memberArgs([]));
      await this.#start();
    });
  }

  /** Leaves etcd's cluster for good. */
  async leave(): Promise<void> {
    await this.#work;
    // etcd would refuse it as well; its only member need not be asked over and over.
    if ((await this.#member.etcd.members()).length === 1) throw new Error("failed to leave cluster: etcdserver: re-configuration failed due to not enough started members");
    await this.#member.etcd.leave();
    this.#plan.services.set("etcd", "Finished", "Service finished successfully");
    await this.#stopKubernetes();
  }

  /** Ends what runs. What is just being started notices that late, and is ended then. */
  async stop(): Promise<void> {
    void this.#work.catch(() => undefined).then(() => this.#stopPrograms()).catch((error: unknown) => this.#plan.say(errorMessage(error)));
    await this.#stopPrograms();
  }

  async #become(): Promise<void> {
    const initialCluster = this.#member.etcd.hasData ? [] : await this.#clusterToJoin();
    this.#member = new ControlPlaneMember(this.#memberArgs(initialCluster));
    this.#next(() => this.#start());
    await this.#work;
  }

  #next(work: () => Promise<void>): void {
    this.#work = this.#work.catch(() => undefined).then(async () => {
      this.#plan.signal.throwIfAborted();
      await work();
    });
    this.#work.catch((error: unknown) => this.#plan.say(errorMessage(error)));
  }

  async #start(): Promise<void> {
    const { services, pull, config, pods, address, say, signal } = this.#plan;
    services.set("etcd", "Running", "Started task etcd for container etcd");
    await this.#member.startEtcd();
    services.check("etcd", await this.#member.etcdHealthy());
    const { apiServer, controllerManager, scheduler } = config().cluster;
    for (const image of [defaultImages.pause, apiServer.image, controllerManager.image, scheduler.image]) await pull(image);
    signal.throwIfAborted();
    say("rendered new static pods: kube-apiserver, kube-controller-manager, kube-scheduler");
    await this.#member.startKubernetes();
    this.#ready = true;
    say("kube-apiserver is ready");
    pods.serverRuns(config().cluster.ca, address);
  }

  /** Waits for `talosctl bootstrap`, or for a cluster that is there: its API names its control planes, and these have etcd. */
  async #clusterToJoin(): Promise<readonly InitialMember[]> {
    const { address, say, signal } = this.#plan;
    let nagged = -Infinity;
    for (;;) {
      if (systemClock.elapsed() - nagged > nagMs) {
        nagged = systemClock.elapsed();
        say("etcd is waiting to join the cluster, if this node is the first node in the cluster, please run `talosctl bootstrap` against one of the following IPs:");
        say(`[${address}]`);
      }
      const found = await Promise.race([this.#bootstrap.promise, this.#existingMembers().catch(() => undefined)]);
      if (found !== undefined) return found;
      await Promise.race([this.#bootstrap.promise, systemClock.wait(lookMs, signal)]);
    }
  }

  async #existingMembers(): Promise<readonly InitialMember[] | undefined> {
    const config = this.#plan.config();
    const admin = await issueCertificate(config.cluster.ca, { commonName: "admin", organization: "system:masters", usages: ["client"] });
    const addresses = (await controlPlaneAddresses(config, admin)).filter((address) => address !== this.#plan.address);
    return addresses.length === 0 ? undefined : addresses.map((address) => ({ name: address, address, existing: true }));
  }

  #memberArgs(initialCluster: readonly InitialMember[]): MemberArgs {
    const { hostname: name, address, folder, mark, tools } = this.#plan;
    const config = this.#plan.config();
    const { network, token, clusterName, controlPlane, apiServer } = config.cluster;
    const wanted = [...apiServer.certSANs, endpointHost(config)];
    return {
      name, address, folder, mark, tools, initialCluster, clusterName,
      pki: clusterPki(config),
      bootstrapToken: token,
      endpoint: controlPlane.endpoint,
      // What is reached at another place here must be proved there too.
      certSANs: [...new Set([...wanted, ...wanted.filter((host) => /^10(\.\d+){3}$/.test(host)).map(localAddress)])],
      serviceCidr: network.serviceSubnets.join(","),
      podCidr: network.podSubnets.join(","),
      dnsDomain: network.dnsDomain,
    };
  }

  async #stopKubernetes(): Promise<void> {
    this.#ready = false;
    this.#plan.pods.serverEnded(this.#plan.address);
    await this.#member.stopKubernetes(stopMs);
  }

  async #stopPrograms(): Promise<void> {
    await this.#stopKubernetes();
    await this.#member.etcd.stop(stopMs);
  }
}

/** How long a program may take to end, in milliseconds. */
const stopMs = 2_000;
