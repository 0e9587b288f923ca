import type { Egress } from "../egress.ts";
import type { ServiceSpec } from "../compose.ts";
import type { MachinesPlan } from "../plan.ts";
import type { Address } from "../../addresses.ts";

/** A mount with its place on this machine. */
export interface LocalMount {
  readonly path: string;
  readonly target: string;
}

/** What a service gets from the machine it runs on. */
export interface ServiceContext {
  readonly spec: ServiceSpec;
  readonly mounts: readonly LocalMount[];
  readonly vpcCidr: string;
  readonly tools: MachinesPlan["tools"];
  /** A folder for what belongs to the container itself and not to a volume. */
  readonly scratch: string;
  /** The mark of the machine's processes (children.ts). */
  readonly mark: string;
  /** Takes its stdout and stderr. */
  readonly logFile: string;
  readonly egress: Egress;
  readonly log: (line: string) => void;
  /** Where to listen for an address of the guest; throws for one that the instance does not have, as binding it would. */
  readonly listenAt: (address: string, port: number) => Address;
}

export interface RunningService {
  /** Resolves with the exit code; never rejects. */
  readonly ended: Promise<number>;
  /** As docker does: told to end, then ended by force. */
  stop(patienceMs: number): Promise<void>;
}

/** Throws when the configuration is one that the program would refuse, or the stand-in does not know. */
export type StartService = (context: ServiceContext) => Promise<RunningService>;

/** A stand-in in this process: it runs until it is stopped. */
export function standIn(close: () => Promise<void> | void): RunningService {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  return {
    ended,
    stop: async () => {
      await close();
      resolve(0);
    },
  };
}
