// Starts the rehearsal's AWS as its own process for one test file, and stops it by its pid.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { motoPython } from "../moto-tool.ts";

const program = resolve(import.meta.dirname, "../../rehearsal/aws/emulator.py");

export interface Rule {
  readonly id: string;
  /** `ec2:DeleteSubnet` */
  readonly call: string;
  readonly code: string;
  readonly says: string;
  readonly by: "moonback" | "moto";
}

/** Runs the emulator to its end; for the messages and exit codes of what it refuses to do. */
export function runEmulator(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const run = spawnSync(motoPython, ["-B", program, ...args], { encoding: "utf8", timeout: 20_000 });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

export function ruleTable(): Rule[] {
  return JSON.parse(runEmulator("--rules").stdout) as Rule[];
}

export interface LogLine {
  readonly at: string;
  readonly service: string;
  readonly action: string;
  readonly write: boolean;
  readonly status: number;
}

export interface Emulator {
  readonly host: string;
  readonly port: number;
  readonly endpoint: string;
  readonly pid: number;
  readonly epoch: string;
  /** The request log as it is written, for looking for what must not be in it. */
  logText(): Promise<string>;
  log(): Promise<LogLine[]>;
  stop(): Promise<{ code: number | null; stderr: string }>;
}

function freePort(host: string): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") failed(new Error(`no port on ${host}`));
        else done(address.port);
      });
    });
  });
}

async function answersAs(endpoint: string, epoch: string, pid: number): Promise<boolean> {
  try {
    const world = (await (await fetch(`${endpoint}/moonback/world`)).json()) as { epoch: string; pid: number };
    return world.epoch === epoch && world.pid === pid;
  } catch {
    return false; // not listening yet
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((done) => child.once("exit", (code) => done(code)));
}

export async function startEmulator(): Promise<Emulator> {
  const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.1`;
  const port = await freePort(host);
  const endpoint = `http://${host}:${port}`;
  const epoch = `test-${randomInt(1_000_000)}`;
  const folder = await mkdtemp(join(tmpdir(), "moonback-emulator-"));
  const logFile = join(folder, "requests.ndjson");
  const args = ["-B", program, "--host", host, "--port", `${port}`, "--epoch", epoch, "--request-log", logFile, "--env", "test"];
  const child = spawn(motoPython, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));

  const stop = async (): Promise<{ code: number | null; stderr: string }> => {
    child.kill("SIGTERM");
    const code = await ended(child);
    await rm(folder, { recursive: true, force: true });
    return { code, stderr };
  };
  const deadline = Date.now() + 20_000;
  while (!(await answersAs(endpoint, epoch, child.pid ?? -1))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the emulator did not come up on ${endpoint}: ${stderr || "no message"}`);
    }
    await delay(20);
  }
  const logText = (): Promise<string> => readFile(logFile, "utf8");
  return {
    host, port, endpoint, epoch, stop, logText,
    pid: child.pid ?? -1,
    log: async () => (await logText()).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as LogLine),
  };
}
