import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { isAlive, lastLines, startDaemon, stopDaemon, type Daemon } from "../../common/daemon.ts";
import { UserError, errorMessage } from "../../common/errors.ts";
import { poll, type Attempt } from "../../common/poll.ts";
import { forwardAddress, forwardUrl } from "../../stacks/config.ts";
import { readBastionAccess } from "../bastion-access.ts";
import type { Session } from "../session.ts";
import type { ForwardPlan } from "./plan.ts";

/** An hour: as long as a person looks at a cluster and forgets it. */
const idleMs = 3_600_000;

const record = z.object({ pid: z.number(), startTime: z.string(), plan: z.string() });

/**
 * Makes the way to the nodes stand: a process that outlives this command, so that talosctl and kubectl of a person's shell find it
 * too. One that leads to this bastion already is kept. Nothing where there is no bastion.
 */
export async function ensureForward(session: Session): Promise<void> {
  const { environment, world, signal, directory, directories } = session;
  const access = await readBastionAccess(session);
  if (access === undefined) return;
  const plan: ForwardPlan = { listen: forwardAddress(environment), vpcCidr: environment.network.vpcCidr, ssh: world.sshAddress(access.host), access, idleMs };
  // Only what it comes from is kept: the plan holds the operator's key.
  const fingerprint = createHash("sha256").update(JSON.stringify(plan)).digest("hex").slice(0, 16);
  const file = recordFile(session);
  const known = readRecord(file);
  if (known !== undefined && isAlive(known)) {
    if (known.plan === fingerprint) return;
    await stopDaemon(known);
  }
  const logFile = join(directories.logs, "forward.log");
  const daemon = await startDaemon({
    program: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "daemon.ts")],
    directory,
    variables: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
    logFile,
    input: JSON.stringify(plan),
  });
  writeFileSync(file, `${JSON.stringify({ ...daemon, plan: fingerprint })}\n`, { mode: 0o600 });
  try {
    await poll(() => listens(plan.listen, daemon), { timeoutMs: 20_000, intervalMs: 25, signal });
  } catch (error) {
    signal.throwIfAborted();
    await stopDaemon(daemon);
    throw new UserError(`The way to the nodes, ${forwardUrl(environment)}, could not be opened: ${errorMessage(error)}\n${lastLines(logFile)}`, {
      fix: "If another program listens there, end it; then run the same command again.",
      cause: error,
    });
  }
}

/** Ends it, where it runs. */
export async function endForward(session: Session): Promise<void> {
  const file = recordFile(session);
  const known = readRecord(file);
  if (known !== undefined) await stopDaemon(known);
  rmSync(file, { force: true });
}

function recordFile({ directories }: Session): string {
  return join(directories.runData, "forward.json");
}

function readRecord(file: string): z.infer<typeof record> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return record.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function listens({ host, port }: ForwardPlan["listen"], daemon: Daemon): Promise<Attempt<true>> {
  if (!isAlive(daemon)) throw new Error("it ended at once");
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve({ done: true, value: true });
    });
    socket.once("error", (error) => resolve({ done: false, reason: error.message }));
  });
}
