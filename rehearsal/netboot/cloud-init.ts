import type { GuestCall } from "./guest-call.ts";

export interface Boot {
  readonly status: "running" | "done" | "error";
  readonly problems: readonly string[];
  /** Resolves when the boot has ended, well or not. */
  readonly ended: Promise<void>;
}

/** Answers `cloud-init status [--wait] [--long]`. */
export async function cloudInit({ argv, out, error, signal }: GuestCall, boot: () => Boot): Promise<number> {
  const [verb, ...options] = argv;
  const unknown = options.find((option) => !["--wait", "-w", "--long", "-l"].includes(option));
  if (verb !== "status" || unknown !== undefined) {
    error(`cloud-init: error: ${unknown === undefined ? `invalid choice: '${verb ?? ""}'` : `unrecognized arguments: ${unknown}`} (the rehearsal's has: status [--wait] [--long])\n`);
    return 2;
  }
  if (options.some((option) => option === "--wait" || option === "-w")) {
    await Promise.race([boot().ended, new Promise((done) => signal.addEventListener("abort", done, { once: true }))]);
  }
  const { status, problems } = boot();
  out(`status: ${status}\n`);
  if (options.some((option) => option === "--long" || option === "-l")) out(problems.length === 0 ? "errors: []\n" : `errors:\n${problems.map((problem) => `  - ${problem}\n`).join("")}`);
  return status === "error" ? 1 : 0;
}
