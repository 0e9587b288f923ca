/** One run of a stand-in program on a machine (docker, systemctl, cloud-init). */
export interface GuestCall {
  readonly program: string;
  readonly argv: readonly string[];
  /** Its working directory, on this machine. */
  readonly directory: string;
  /** Who runs it: root at boot, the login's user over SSH. */
  readonly user: string;
  /** Ends when the program's process does. */
  readonly signal: AbortSignal;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}
