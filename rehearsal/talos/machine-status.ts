import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import { isControlPlane } from "./machine-config.ts";
import type { Talos } from "./talos.ts";

/** Talos' own words (machinery/resources/runtime/machine_status.go). */
export type Stage = "booting" | "installing" | "maintenance" | "running" | "rebooting" | "shutting down" | "resetting" | "upgrading";

export interface UnmetCondition {
  readonly name: string;
  readonly reason: string;
}

/** How often it looks again, in milliseconds. */
const lookMs = 3_000;

/** What a node says of itself: its stage, and what is missing until it is ready (controllers/runtime/machine_status.go). */
export class MachineStatus {
  readonly #node: Talos;
  #stage: Stage = "booting";
  #told = "";

  constructor(node: Talos) {
    this.#node = node;
  }

  get stage(): Stage {
    return this.#stage;
  }

  set stage(stage: Stage) {
    this.#stage = stage;
    this.#look().catch((error: unknown) => this.#node.say(`machine status: ${errorMessage(error)}`));
  }

  /** All that is missing now; nothing is asked for outside of a boot and of running. */
  async unmet(): Promise<readonly UnmetCondition[]> {
    if (this.#stage !== "booting" && this.#stage !== "running") return [];
    const checks: readonly (readonly [string, string | undefined])[] = [
      ["services", this.#services()],
      ["staticPods", staticPods(this.#node).filter(({ ready }) => !ready).map(({ id }) => `${id} not ready`).join(", ")],
      ["nodeReady", await this.#nodeReady()],
    ];
    return checks.flatMap(([name, reason]) => (reason === undefined || reason === "" ? [] : [{ name, reason }]));
  }

  /** Tells every change to those who watch, until the signal. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await systemClock.wait(lookMs, signal);
    }
  }

  async #look(): Promise<void> {
    const [stage, unmet] = [this.#stage, await this.unmet()];
    // Meanwhile it may have become another one.
    if (stage === this.#stage) this.#tell(unmet);
  }

  #tell(unmet: readonly UnmetCondition[]): void {
    const value = { stage: this.#stage.toUpperCase().replace(" ", "_"), status: { ready: unmet.length === 0, unmet_conditions: unmet } };
    const text = JSON.stringify(value);
    if (text === this.#told) return;
    this.#told = text;
    this.#node.events.publish({ type: "machine.MachineStatusEvent", value });
    if (this.#stage === "running" && unmet.length === 0) this.#node.say("machine is running and ready");
  }

  #services(): string | undefined {
    const { services } = this.#node;
    const controlPlane = this.#node.configured && isControlPlane(this.#node.config);
    const required = ["apid", "machined", "kubelet", ...(controlPlane ? ["etcd", "trustd"] : [])];
    const problems = services.list().flatMap(({ id, state, hasHealthCheck, health }) => {
      if (state !== "Running") return [`${id} not running`];
      return hasHealthCheck && !health.unknown && !health.healthy ? [`${id} not healthy`] : [];
    });
    const missing = required.filter((id) => services.get(id) === undefined).map((id) => `${id} not running`);
    return [...problems, ...missing].join(", ");
  }

  #nodeReady(): Promise<string | undefined> {
    const { readiness, hostname, signal } = this.#node;
    return readiness === undefined ? Promise.resolve(`node "${hostname}" status is not available yet`) : readiness.problem(signal);
  }
}

export interface StaticPod {
  readonly id: string;
  readonly ready: boolean;
}

/** The static pods of a control plane, once they have been started: the programs themselves are looked at. */
export function staticPods({ controlPlane, hostname }: Talos): readonly StaticPod[] {
  if (controlPlane?.ready !== true) return [];
  return (["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const).map((name) => ({ id: `kube-system/${name}-${hostname}`, ready: controlPlane.member.programProblem(name) === undefined }));
}
