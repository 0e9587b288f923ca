import type { Clock } from "../../../common/poll.ts";

/** What the network gave a machine: in a VPC always the interface's own address. */
export interface Lease {
  readonly address: string;
  readonly netmask: string;
  readonly gateway: string;
}

export interface Fetched {
  readonly status: number;
  readonly body: Buffer;
}

/** Why nothing came: nobody listens, nobody answers in time, or there is no way there. */
export class FetchFailure extends Error {
  readonly kind: "reset" | "timed-out" | "unreachable";
  constructor(kind: FetchFailure["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The machine that iPXE runs on, with all its effects. */
export interface IpxeHost {
  readonly mac: string;
  readonly uuid: string;
  readonly serial: string;
  readonly print: (text: string) => void;
  /** Undefined: no lease. */
  readonly lease: () => Lease | undefined;
  /** Rejects with a `FetchFailure`; any other rejection is a fault of ours. */
  readonly fetch: (url: string, signal: AbortSignal) => Promise<Fetched>;
  readonly clock: Clock;
  /** What the firmware's loader thinks of a program. */
  readonly isEfi: (bytes: Buffer) => boolean;
}
