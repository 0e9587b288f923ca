import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { isAlive, lastLines, startDaemon, stopDaemon, type Daemon } from "../../common/daemon.ts";
import { UserError, errorMessage } from "../../common/errors.ts";
import { poll, type Attempt } from "../../common/poll.ts";
import { forwardAddress, forwardUrl } from "../../stacks/config.ts";
import { processHeader } from "../../worlds/forward.ts";
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
      fix: "End what listens there (a forward that nobody uses ends by itself within the hour), then run the same command again.",
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

/** Whether it is this one that listens: what another program takes there never gets to these nodes, and never says so. */
export async function listens(at: ForwardPlan["listen"], daemon: Daemon): Promise<Attempt<true>> {
  const who = await listenerAt(at);
  if (who === String(daemon.pid)) return { done: true, value: true };
  const reason = who === undefined ? "nobody listens yet" : who === "" ? "another program listens there" : `process ${who} listens there, a forward of another environment or run`;
  if (!isAlive(daemon)) throw new Error(who === undefined ? "it ended at once" : reason);
  return { done: false, reason };
}

/** The process of the forward that listens at an address; empty for something else, undefined for nobody. */
function listenerAt({ host, port }: ForwardPlan["listen"]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host, port, agent: false, timeout: 2_000 }, ({ headers }) => {
      asked.destroy();
      resolve(String(headers[processHeader] ?? ""));
    });
    asked.once("timeout", () => asked.destroy(new Error("no answer")));
    asked.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED" ? undefined : ""));
    asked.end();
  });
}
