import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { poll, PollTimeout, type Attempt } from "../common/poll.ts";
import { composeCommand, network, type Expected } from "./bundle.ts";
import { deadEnd, judge, plain, type Finding, type Logs } from "./evidence.ts";
import { machineCommand } from "./machine.ts";
import type { Media } from "./media.ts";
import { Namespace, type Running } from "./namespace.ts";
import { device } from "./needs.ts";

export interface BootArgs {
  /** What `writeBundle` wrote. */
  readonly bundle: string;
  readonly expected: Expected;
  readonly media: Media;
  /** The real matchbox. */
  readonly matchbox: string;
  /** Folder for the logs and the lease file. */
  readonly logs: string;
  /** Told of each step when it is first seen. */
  readonly onStep?: (step: SeenStep) => void;
  readonly signal?: AbortSignal;
}

export interface SeenStep extends Finding {
  /** Seconds since the machine was switched on. */
  readonly seconds?: number;
}

export interface Boot {
  readonly steps: readonly SeenStep[];
  /** How it ended, in a sentence. */
  readonly ending: string;
  readonly logs: Logs;
}

/** Nobody's machine takes as long, even in software on a busy host. */
const longestBootMs = 300_000;
const intervalMs = 200;

/** Boots the machine once, in a network of its own, and watches it until it is off or gets no further. */
export async function boot(args: BootArgs): Promise<Boot> {
  mkdirSync(args.logs, { recursive: true });
  await using namespace = await Namespace.open();
  const log = (name: string): string => join(args.logs, `${name}.log`);
  await plugIn(namespace);
  const services = [
    {
      name: "dnsmasq",
      ready: "TFTP root is",
      // In the image it has a place for its leases and changes its user, which root of a user namespace may not.
      process: namespace.start(["dnsmasq", ...composeCommand(args.bundle, "dnsmasq"), `--dhcp-leasefile=${join(args.logs, "leases")}`, "--no-daemon"], log("dnsmasq")),
    },
    { name: "matchbox", ready: "Starting matchbox HTTP server", process: namespace.start([args.matchbox, ...composeCommand(args.bundle, "matchbox")], log("matchbox")) },
  ];
  for (const { name, ready, process } of services) {
    await poll(() => Promise.resolve(isReady(name, process, read(log(name)), ready)), { timeoutMs: 60_000, intervalMs, signal: args.signal });
  }
  const machine = namespace.start(machineCommand(args.media, { firmware: log("firmware"), kernel: log("kernel") }), log("qemu"));
  return await watch(args, machine, log);
}

/** The interface of the home network: the bundle's host has its address, the machine its other end. */
async function plugIn(namespace: Namespace): Promise<void> {
  const commands = [
    ["tuntap", "add", "dev", device, "mode", "tap"],
    ["address", "add", `${network.address}/${network.bits}`, "dev", device],
    ["link", "set", device, "up"],
  ];
  for (const command of commands) {
    const said = await namespace.run("ip", ...command);
    if (said !== undefined) throw new UserError(`ip ${command.join(" ")} failed: ${said}`);
  }
}

function isReady(name: string, process: Running, log: string, ready: string): Attempt<undefined> {
  if (log.includes(ready)) return { done: true, value: undefined };
  if (process.exitCode !== null) throw new UserError(`${name} ended with ${process.exitCode}: ${log.trim()}`);
  return { done: false, reason: `${name} does not say "${ready}"` };
}

/** Looks at the logs until nothing more can come. */
async function watch({ expected, logs: folder, onStep, signal }: BootArgs, machine: Running, log: (name: string) => string): Promise<Boot> {
  const started = performance.now();
  const seen = new Map<string, SeenStep>();
  let logs: Logs = { dnsmasq: "", matchbox: "", firmware: "", kernel: "" };
  const look = (): Finding[] => {
    logs = { dnsmasq: read(log("dnsmasq")), matchbox: read(log("matchbox")), firmware: plain(read(log("firmware"))), kernel: plain(read(log("kernel"))) };
    const findings = judge(logs, expected);
    for (const finding of findings) {
      const before = seen.get(finding.step);
      // What was wrong may come right when the machine tries again.
      if (before?.evidence !== undefined || (finding.evidence ?? finding.problem) === before?.problem) continue;
      const step = { ...finding, seconds: (performance.now() - started) / 1000 };
      seen.set(finding.step, step);
      onStep?.(step);
    }
    return findings;
  };
  const attempt = (): Attempt<string> => {
    const off = machine.exitCode !== null || machine.signalCode !== null;
    const findings = look();
    if (off) return { done: true, value: machine.exitCode === 0 ? "the machine is off" : `QEMU failed: ${read(log("qemu")).trim()}` };
    const end = deadEnd(logs);
    if (end !== undefined) return { done: true, value: `the machine gets no further: ${end}` };
    const next = findings.find(({ step }) => !seen.has(step));
    return { done: false, reason: `the machine does not come to "${next?.step ?? "its end"}"; its logs are in ${folder}` };
  };
  let ending: string;
  try {
    ending = await poll(() => Promise.resolve(attempt()), { timeoutMs: longestBootMs, intervalMs, signal });
  } catch (error) {
    if (!(error instanceof PollTimeout)) throw error;
    ending = error.message;
  }
  return { steps: judge(logs, expected).map((finding) => seen.get(finding.step) ?? finding), ending, logs };
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
