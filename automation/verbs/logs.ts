import { closeSync, existsSync, openSync, readFileSync, readdirSync, readSync, fstatSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, UserError, errorMessage } from "../../common/errors.ts";
import { compose, composeServices } from "../../gates/compose.ts";
import { confirmAccount } from "../preflight.ts";
import type { Session } from "../session.ts";

export interface LogsOptions {
  /** A service on the bastion; without it, what the last run's engine said. */
  readonly service?: string;
  readonly tail: string;
}

/** Shows what a service on the bastion says, or what the engine said in the last run. */
export async function logs(session: Session, { service, tail }: LogsOptions): Promise<ExitCode> {
  if (!/^[1-9]\d{0,5}$/.test(tail)) throw new UserError(`--tail is "${tail}", which is no number of lines.`, { exitCode: ExitCode.usage, fix: "Write a number, such as --tail 200." });
  if (service === undefined) return ownLogs(session, Number(tail));
  if ((await session.world.state()) === "running") await confirmAccount(session);
  const bastion = await session.console.during("the bastion", () => session.world.sources.bastion.client()).catch((error: unknown) => {
    throw new UserError(`The bastion does not answer: ${errorMessage(error)}`, { fix: `\`npm run gates -- ${session.environment.name} --only 02\` says why.`, cause: error });
  });
  const services = await composeServices(bastion).catch((error: unknown) => {
    throw new UserError(`The bastion does not say which services it has: ${errorMessage(error)}`, { fix: `\`npm run gates -- ${session.environment.name} --only 02,03\` says why.`, cause: error });
  });
  const known = [...services.keys()].sort();
  if (!known.includes(service)) throw new UserError(`There is no service "${service}" on the bastion; it has ${known.join(", ") || "none"}.`, { exitCode: ExitCode.usage, fix: "Name one of these with --service." });
  const { code, stdout, stderr } = await bastion.run(`${compose} logs --no-log-prefix --tail ${tail} ${service}`);
  if (code !== 0) throw new UserError(`The bastion gives no logs of ${service}: ${stderr.trim()}`);
  session.console.result(stdout.trimEnd());
  session.console.emit({ kind: "logs", service, lines: stdout.trimEnd().split("\n") });
  return ExitCode.done;
}

function ownLogs({ directories, console, environment }: Session, lines: number): ExitCode {
  const files = existsSync(directories.logs) ? readdirSync(directories.logs).filter((name) => name.endsWith(".log")) : [];
  const runs = files.filter((name) => existsSync(join(directories.logs, name)) && /^\d/.test(name)).sort();
  const last = runs.at(-1);
  if (last === undefined) {
    console.result(`There are no logs of ${environment.name} yet.`);
    return ExitCode.done;
  }
  const file = join(directories.logs, last);
  const text = lastLines(file, lines);
  console.say("wait", `${file}; others: ${files.filter((name) => name !== last).length} in ${directories.logs}`);
  console.result(text.join("\n"));
  console.emit({ kind: "logs", file, lines: text });
  return ExitCode.done;
}

/** The end of a file, without reading what may be hundreds of megabytes before it. */
function lastLines(file: string, lines: number): string[] {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const length = Math.min(size, lines * 1_000);
    if (length === size) return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines);
    const buffer = Buffer.alloc(length);
    readSync(descriptor, buffer, 0, length, size - length);
    return buffer.toString("utf8").trimEnd().split("\n").slice(1).slice(-lines);
  } finally {
    closeSync(descriptor);
  }
}
