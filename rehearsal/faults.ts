/** Faults on demand in the rehearsal's AWS (rehearsal/aws/faults.py), for tests of what becomes of a run that meets them. */
import { z } from "zod";

export interface Fault {
  /** `ec2:CreateVpc`, `ec2:*` or `*`. A group's own launch is `ec2:RunInstances`. */
  readonly call: string;
  readonly effect: Refuse | Hold;
  /** How many calls it meets, one by default; `null` is every one until it is lifted. */
  readonly times?: number | null;
  /** How many matching calls it lets pass first. */
  readonly skip?: number;
}

/** The call is refused before anything is done. */
interface Refuse {
  readonly kind: "refuse";
  /** AWS's error code, `RequestLimitExceeded`. */
  readonly code: string;
  /** AWS's own words where the emulator knows the code's. */
  readonly message?: string;
  /** AWS's own where the emulator knows the code, else 400. */
  readonly status?: number;
}

/** The call is performed, and its answer held back until the fault is lifted. Groups' own launches are not held. */
interface Hold {
  readonly kind: "hold";
}

export interface InjectedFault {
  readonly id: number;
  /** What it has done so far. */
  look(): Promise<Seen>;
  /**
   * Waits until it has met as many calls: refused them, or performed them and holds their answers.
   * @throws Error with the number so far when the time is over
   */
  met(count: number, timeoutMs: number): Promise<Seen>;
  /** Ends it and sends the answers it holds. One that was lifted already stays so. */
  lift(): Promise<void>;
}

const seen = z.object({ met: z.number(), holding: z.number() });
export type Seen = Readonly<z.infer<typeof seen>>;

const made = z.object({ id: z.number() });
const listed = z.object({ faults: z.tuple([seen]) });
const refused = z.object({ error: z.string() });

/** How long one question waits; the emulator's own limit is longer. */
const waitSeconds = 20;

/** Makes the emulator's AWS misbehave, from now on. */
export async function injectFault(endpoint: string, fault: Fault): Promise<InjectedFault> {
  const faults = `${endpoint}/moonback/faults`;
  const { id } = made.parse(await ask(faults, { method: "POST", body: JSON.stringify(fault) }));
  const look = async (query = ""): Promise<Seen> => listed.parse(await ask(`${faults}?id=${id}${query}`)).faults[0];
  return {
    id,
    look: () => look(),
    async met(count, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const left = Math.max(0, deadline - performance.now()) / 1_000;
        const now = await look(`&met=${count}&wait=${Math.min(left, waitSeconds).toFixed(3)}`);
        if (now.met >= count) return now;
        if (left === 0) throw new Error(`fault ${id}, ${fault.effect.kind} ${fault.call}, has met ${now.met} of ${count} calls in ${timeoutMs / 1_000} s`);
      }
    },
    async lift() {
      await ask(`${faults}?id=${id}`, { method: "DELETE" });
    },
  };
}

/** Ends every fault at this emulator, whoever made it. */
export async function liftAll(endpoint: string): Promise<void> {
  await ask(`${endpoint}/moonback/faults`, { method: "DELETE" });
}

async function ask(url: string, request: RequestInit = {}): Promise<unknown> {
  const answer = await fetch(url, { ...request, signal: AbortSignal.timeout((waitSeconds + 20) * 1_000) });
  const body: unknown = await answer.json();
  if (!answer.ok) throw new Error(refused.parse(body).error);
  return body;
}
