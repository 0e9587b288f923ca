import { systemClock } from "../../common/poll.ts";
import type { Events } from "./events.ts";

export type ServiceState = "Initialized" | "Preparing" | "Waiting" | "Running" | "Stopping" | "Finished" | "Failed";

interface ServiceEvent {
  readonly message: string;
  readonly state: ServiceState;
  readonly at: number;
}

export interface Health {
  /** Not known: it has no health check, or has not been asked yet. */
  readonly unknown: boolean;
  readonly healthy: boolean;
  readonly message: string;
  readonly at: number;
}

/** As many as Talos keeps for a service. */
const keptEvents = 64;

/** One service of Talos: a state and how it came to it. */
export class Service {
  readonly id: string;
  readonly hasHealthCheck: boolean;
  state: ServiceState = "Initialized";
  health: Health = { unknown: true, healthy: false, message: "", at: systemClock.now() };
  readonly events: ServiceEvent[] = [];

  constructor(id: string, hasHealthCheck: boolean) {
    this.id = id;
    this.hasHealthCheck = hasHealthCheck;
  }

  /** Whether others may rely on it (Talos, service_runner.go: StateEventUp). */
  get up(): boolean {
    if (this.hasHealthCheck) return this.state === "Running" && !this.health.unknown && this.health.healthy;
    return this.state === "Running" || this.state === "Finished";
  }

  note(message: string): void {
    this.events.push({ message, state: this.state, at: systemClock.now() });
    if (this.events.length > keptEvents) this.events.shift();
  }
}

/** The services of one boot of a node. Every change is told on the console and to those who watch. */
export class Services {
  readonly #services = new Map<string, Service>();
  readonly #events: Events;
  readonly #say: (line: string) => void;

  constructor(events: Events, say: (line: string) => void) {
    this.#events = events;
    this.#say = say;
  }

  list(): readonly Service[] {
    return [...this.#services.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  get(id: string): Service | undefined {
    return this.#services.get(id);
  }

  load(id: string, { healthCheck }: { readonly healthCheck: boolean }): void {
    if (!this.#services.has(id)) this.#services.set(id, new Service(id, healthCheck));
  }

  unload(id: string): void {
    this.#services.delete(id);
  }

  /** The same state and message again are nothing new. */
  set(id: string, state: ServiceState, message: string): void {
    const service = this.#services.get(id);
    if (service === undefined || (service.state === state && service.events.at(-1)?.message === message)) return;
    if (service.state !== state && state !== "Running") service.health = { unknown: true, healthy: false, message: "", at: systemClock.now() };
    service.state = state;
    this.#tell(service, message);
  }

  /** What a health check found: a problem, or nothing. */
  check(id: string, problem: string | undefined): void {
    const service = this.#services.get(id);
    if (service?.state !== "Running" || !service.hasHealthCheck) return;
    const { unknown, healthy } = service.health;
    const message = problem ?? "";
    const changed = unknown || healthy !== (problem === undefined) || service.health.message !== message;
    if (!changed) return;
    service.health = { unknown: false, healthy: problem === undefined, message, at: systemClock.now() };
    this.#tell(service, problem === undefined ? "Health check successful" : `Health check failed: ${problem}`);
  }

  #tell(service: Service, message: string): void {
    service.note(message);
    this.#say(`service[${service.id}](${service.state}): ${message}`);
    this.#events.publish({ type: "machine.ServiceStateEvent", value: { service: service.id, action: service.state.toUpperCase(), message, health: healthValue(service.health) } });
  }
}

/** Health as Talos' API has it. */
export const healthValue = ({ unknown, healthy, message, at }: Health): object => ({ unknown, healthy, last_message: message, last_change: timestamp(at) });

/** A point in time as protobuf has it. */
export const timestamp = (at: number): object => ({ seconds: String(Math.floor(at / 1_000)), nanos: (at % 1_000) * 1_000_000 });
