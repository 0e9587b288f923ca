import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { UserError, errorMessage } from "../../common/errors.ts";
import { poll } from "../../common/poll.ts";
import type { DependsOn, ServiceSpec } from "./compose.ts";
import { watchHealth } from "./health.ts";
import { appendLog } from "./log-file.ts";
import type { RunningService, ServiceContext, StartService } from "./services/service.ts";

export type ContainerState = "created" | "running" | "restarting" | "exited";
export type Health = "" | "starting" | "healthy" | "unhealthy";

/** How long after its end a container is started again. Docker begins with 0.1 s and doubles it. */
const restartMs = 1_000;
/** Docker's own patience with a container that is told to stop. */
export const stopPatienceMs = 10_000;

/** One container: what docker keeps of it, and its restart policy. */
export class Container {
  readonly spec: ServiceSpec;
  readonly id = randomBytes(32).toString("hex");
  readonly logFile: string;
  state: ContainerState = "created";
  health: Health = "";
  exitCode = 0;
  changedAt = Date.now();
  readonly #start: StartService;
  readonly #context: ServiceContext;
  #running: RunningService | undefined;
  #restart: NodeJS.Timeout | undefined;
  #watch: ReturnType<typeof watchHealth> | undefined;
  /** False from the moment on that it is told to stop, whatever is still queued. */
  #wanted = false;
  #resume = false;
  /** Work on a container is done in the order in which it was asked for. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(start: StartService, context: Omit<ServiceContext, "log">) {
    this.spec = context.spec;
    this.logFile = context.logFile;
    this.#start = start;
    this.#context = { ...context, log: (line) => this.log(line) };
  }

  log(line: string): void {
    appendLog(this.logFile, `${line}\n`);
  }

  start(): Promise<void> {
    this.#wanted = true;
    return this.#startIfWanted();
  }

  #startIfWanted(): Promise<void> {
    return this.#inOrder(async () => {
      clearTimeout(this.#restart);
      if (this.#wanted && this.#running === undefined) await this.#run();
    });
  }

  /** It stays down until it is started again: restart policies do not bring back what was stopped by hand. */
  stop(patienceMs = stopPatienceMs): Promise<void> {
    this.#wanted = false;
    return this.#inOrder(async () => {
      clearTimeout(this.#restart);
      const running = this.#running;
      this.#running = undefined;
      this.#watch?.end();
      if (running !== undefined) {
        await running.stop(patienceMs);
        this.exitCode = await running.ended;
      }
      if (this.state !== "created") this.#become("exited");
    });
  }

  /** As the end of the machine's power; `powerOn` brings back what ran then. */
  async powerOff(): Promise<void> {
    // Asked twice, it is the first time that knows.
    if (this.#wanted) this.#resume = this.state !== "exited";
    await this.stop(0);
  }

  async powerOn(): Promise<void> {
    if (this.#resume) await this.start();
    this.#resume = false;
  }

  async remove(): Promise<void> {
    await this.stop(0);
    rmSync(this.logFile, { force: true });
    rmSync(this.#context.scratch, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    let running: RunningService;
    try {
      running = await this.#start(this.#context);
    } catch (error) {
      this.log(`${this.spec.name}: ${errorMessage(error)}`);
      this.#ended(1);
      return;
    }
    this.#running = running;
    this.#become("running");
    this.#watch = watchHealth(this.#context, (health) => {
      if (this.#running === running) this.health = health;
    });
    void running.ended.then((code) => {
      // One that was stopped by hand is not ours any more.
      if (this.#running !== running) return;
      this.#running = undefined;
      this.#watch?.end();
      this.#ended(code);
    });
  }

  #ended(code: number): void {
    this.exitCode = code;
    const { restart } = this.spec;
    if (restart === "no" || (restart === "on-failure" && code === 0)) {
      this.#become("exited");
      return;
    }
    this.#become("restarting");
    this.#restart = setTimeout(() => void this.#startIfWanted(), restartMs);
  }

  #become(state: ContainerState): void {
    this.state = state;
    this.changedAt = Date.now();
    if (state !== "running") this.health = "";
  }

  /** Waits until another service may start that depends on this one so; throws, in compose's words, when it never will. */
  async reaches(condition: DependsOn): Promise<void> {
    const name = this.spec.containerName;
    await poll(
      () => {
        if (condition === "service_started") return Promise.resolve({ done: true, value: true });
        if (condition === "service_completed_successfully") {
          if (this.state === "exited" && this.exitCode !== 0) throw new UserError(`service "${this.spec.name}" didn't complete successfully: exit ${this.exitCode}`);
          return Promise.resolve(this.state === "exited" ? { done: true, value: true } : { done: false, reason: `${name} is ${this.state}` });
        }
        if (this.health === "unhealthy") throw new UserError(`dependency failed to start: container ${name} is unhealthy`);
        if (this.state === "exited") throw new UserError(`dependency failed to start: container ${name} exited (${this.exitCode})`);
        return Promise.resolve(this.health === "healthy" ? { done: true, value: true } : { done: false, reason: `${name} is not healthy` });
      },
      { timeoutMs: 600_000, intervalMs: 50 },
    );
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
