import { Argument, Command, CommanderError, Option } from "commander";
import { ExitCode, UserError, errorMessage } from "../common/errors.ts";
import { ConfigError } from "../stacks/config-problems.ts";
import { Console } from "./console.ts";
import { causeOfError } from "./failures.ts";
import { onInterrupt } from "./interrupt.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";

/** Every option of every verb, as commander hands them over; each verb declares its own. */
interface Options {
  readonly json?: true;
  readonly through?: string;
  readonly from?: string;
  readonly to?: string;
  readonly stage?: string;
  readonly offline?: true;
  readonly only?: string;
  readonly exercise?: true;
  readonly yes?: true;
  readonly keepWorld?: true;
  readonly service?: string;
  readonly tail?: string;
  readonly homelab?: true;
  readonly out?: string;
  readonly address?: string;
  readonly subnet?: string;
  readonly dhcp?: string;
  readonly router?: string;
  readonly interface?: string;
}

/** Runs the command line and ends the process with the contract's exit code. Verbs are loaded when called: --help is instant. */
export async function main(args: readonly string[]): Promise<void> {
  const json = args.includes("--json");
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  let running: Session | undefined;
  const interrupt = onInterrupt(new Console({ json }), () => running?.engines.kill());
  process.on("uncaughtException", (error) => {
    const failed = reportFailure(error, json, interrupt);
    // Nobody waits for the engine any more; what it had begun is looked up by the next run.
    running?.engines.kill();
    process.exit(failed);
  });
  let code: ExitCode = ExitCode.done;
  const program = commandLine(interrupt, {
    opened: (session) => (running = session),
    done: (result) => (code = result),
  });
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    code = reportFailure(error, json, interrupt);
    // `eval "$(… env)"` of nothing would succeed, and leave the shell looking at the operator's own account.
    if (args[0] === "env" && !json && code !== ExitCode.done) process.stdout.write("false\n");
  } finally {
    process.exitCode = code;
  }
}

/** A reader that has seen enough (`| head`), or a terminal that is gone, must not break off an update in the middle. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
}

/** Loaded when first needed: most verbs never ask the bastion. */
const readAccess: SessionOptions["readAccess"] = async (session) => (await import("./bastion-access.ts")).readBastionAccess(session);

const clusterOf: SessionOptions["clusterOf"] = async (session) => (await import("./cluster-access.ts")).clusterOf(session);

interface Told {
  /** Takes what the verb works with, before it begins. */
  readonly opened: (session: Session) => void;
  /** Takes its exit code. */
  readonly done: (code: ExitCode) => void;
}

/** The verbs with their words. */
export function commandLine(signal: AbortSignal, { opened, done }: Told): Command {
  const program = new Command("moonback")
    .description("Takes an environment up stage by stage, proves each stage with its gate, and takes it down without leftovers.")
    .usage("<verb> [env] [options]     (npm run <verb> -- [env] [options])")
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError()
    .addHelpText("after", `\nExit codes: 0 done and green, 1 failed, 2 usage or configuration, 3 a gate is red, 4 refused by a guard, 5 locked, 130 interrupted.`);

  const verb = (name: string, about: string, examples: readonly string[], run: (session: Session, options: Options) => Promise<ExitCode>): Command =>
    program
      .command(name)
      .description(about)
      .argument("[env]", "environment: the name in Pulumi.<env>.yaml", "rehearsal")
      .option("--json", "print newline-delimited JSON on stdout")
      .addHelpText("after", `\nExamples:\n${examples.map((example) => `  $ ${example}`).join("\n")}`)
      .action(async (environment: string, options: Options) => {
        const session = await openSession(environment, { json: options.json === true, signal, readAccess, clusterOf, offline: options.offline === true });
        opened(session);
        try {
          done(await run(session, options));
        } finally {
          session.close();
        }
      });

  verb(
    "up",
    "build every stage and prove it; goes on from where it stands",
    ["npm run up", "npm run up -- rehearsal --through network", "npm run up -- demo --yes"],
    async (session, { through, from, yes }) =>
      (await import("./verbs/up.ts")).up(session, { yes: yes === true, ...(through === undefined ? {} : { through }), ...(from === undefined ? {} : { from }) }),
  )
    .option("--through <stage>", "the last stage to build")
    .option("--from <stage>", "the first stage to build; gates of earlier ones are checked all the same")
    .option("--yes", "do not ask before building where it can cost money");

  verb(
    "preview",
    "show what up would change, seen from what really exists",
    ["npm run preview", "npm run preview -- demo --stage network", "npm run preview -- demo --offline"],
    async (session, { stage }) => (await import("./verbs/preview.ts")).preview(session, stage === undefined ? {} : { stage }),
  )
    .option("--stage <stage>", "only this stage")
    .option("--offline", "the whole plan of what has never been built: no account, no credentials, nothing written");

  verb(
    "gates",
    "check again whether what was proved still holds; reads only, unless told to exercise",
    ["npm run gates", "npm run gates -- demo --only 01"],
    async (session, { only, exercise }) =>
      (await import("./verbs/gates.ts")).gates(session, { exercise: exercise === true, ...(only === undefined ? {} : { only: only.split(",") }) }),
  )
    .option("--only <gates>", "gate numbers, separated by commas")
    .option("--exercise", "also run the checks that do something: pull images, make and remove probe objects");

  verb(
    "down",
    "take everything down, last stage first, and prove that nothing is left",
    ["npm run down -- --yes", "npm run down -- rehearsal --yes --keep-world"],
    async (session, { to, yes, keepWorld }) =>
      (await import("./verbs/down.ts")).down(session, { yes: yes === true, keepWorld: keepWorld === true, ...(to === undefined ? {} : { to }) }),
  )
    .option("--to <stage>", "stop at this stage: it stays")
    .option("--yes", "do not ask")
    .option("--keep-world", "leave the local world running");

  verb(
    "adopt",
    "take what somebody else made under this environment's name into it, each after a question",
    ["npm run adopt", "npm run adopt -- demo"],
    async (session, { yes }) => (await import("./verbs/adopt.ts")).adopt(session, { yes: yes === true }),
  ).option("--yes", "do not ask");

  verb(
    "unlock",
    "free an environment that a run on another machine left locked",
    ["npm run unlock", "npm run unlock -- demo --yes"],
    async (session, { yes }) => (await import("./verbs/unlock.ts")).unlock(session, { yes: yes === true }),
  ).option("--yes", "do not ask");

  verb("status", "what the last runs found, without asking anybody", ["npm run status"], async (session) => (await import("./verbs/status.ts")).status(session));

  verb("report", "write one HTML page of stages, gates, evidence and durations, without asking anybody", ["npm run report", "npm run report -- demo --out /tmp/demo.html"], async (session, { out }) =>
    (await import("./verbs/report.ts")).report(session, out === undefined ? {} : { out }),
  ).option("--out <file>", "the file that takes the page (default: .moonback/<env>/report.html)");

  verb("env", "print shell exports, so that other tools see the same world", [`eval "$(npm run --silent env)"`, `eval "$(npm run --silent env -- demo)"`], async (session) =>
    (await import("./verbs/env.ts")).env(session),
  );

  verb(
    "logs",
    "what a service on the bastion says, or what the engine said in the last run",
    ["npm run logs", "npm run logs -- rehearsal --service matchbox --tail 20"],
    async (session, { service, tail = "100" }) => (await import("./verbs/logs.ts")).logs(session, { tail, ...(service === undefined ? {} : { service }) }),
  )
    .option("--service <name>", "a service of the netboot bundle")
    .option("--tail <lines>", "how many lines from the end", "100");

  program
    .command("render")
    .description("write the files that the bastion serves from, for a look or for a Docker host at home")
    .addArgument(new Argument("<what>", "what to write").choices(["bastion"]))
    .argument("[env]", "environment: the name in Pulumi.<env>.yaml", "rehearsal")
    .option("--json", "print newline-delimited JSON on stdout")
    .option("--out <folder>", "the folder that takes the files (default: rendered/<env>)")
    .option("--homelab", "for a home network: real DHCP and PXE")
    .option("--address <ipv4>", "homelab: the Docker host's own address")
    .option("--subnet <range>", "homelab: the home network")
    .option("--dhcp <first-last>", "homelab: the addresses to hand out")
    .option("--router <ipv4>", "homelab: the way out that machines are told")
    .option("--interface <name>", "homelab: the interface that machines boot on")
    .addHelpText("after", "\nExamples:\n  $ npm run render -- bastion\n  $ npm run render -- bastion --homelab --address 192.168.1.10 --subnet 192.168.1.0/24 --dhcp 192.168.1.200-192.168.1.220 --router 192.168.1.1 --interface eth0")
    .action(async (_what: string, environment: string, { homelab, json, ...options }: Options) => {
      const session = await openSession(environment, { json: json === true, signal, readAccess, clusterOf });
      done((await import("./verbs/render.ts")).render(session, { homelab: homelab === true, ...options }));
    });

  program
    .command("doctor")
    .description("what is installed, what will be, and what a person has to do")
    .addOption(new Option("--json", "print newline-delimited JSON on stdout"))
    .addHelpText("after", "\nExamples:\n  $ npm run doctor")
    .action(async (options: Options) => done(await (await import("./verbs/doctor.ts")).doctor({ json: options.json === true })));

  // A command's own settings are inherited only by commands made after them, so each gets the strict ones here.
  for (const command of program.commands) command.exitOverride().configureOutput({ outputError: () => undefined }).allowExcessArguments(false);
  return program;
}

/** Says what went wrong the way a person can use it, and returns the exit code. */
function reportFailure(error: unknown, json: boolean, interrupt: AbortSignal): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.done;
    // Called with nothing to do: the help is the answer, and has been printed.
    if (error.code === "commander.help") return ExitCode.usage;
    return told(json, ExitCode.usage, error.message.replace(/^error: /, ""), "`npm run help` shows every verb and its options.");
  }
  if (error instanceof ConfigError) return told(json, error.exitCode, error.message, undefined, { file: error.file, problems: error.problems });
  if (error instanceof UserError) return told(json, error.exitCode, error.message, error.fix);
  if (interrupt.aborted) return told(json, ExitCode.interrupted, "Interrupted.", "Run the same command again: it goes on from here.");
  const cause = causeOfError(error);
  if (cause !== undefined) return told(json, cause.exitCode ?? ExitCode.failed, `${cause.means} ${errorMessage(error)}`, cause.fix);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return told(json, ExitCode.failed, `This is a bug in moonback, not in what you did: ${stack.split("\n")[0] ?? ""}`, process.env["MOONBACK_DEBUG"] === undefined ? "Run it again with MOONBACK_DEBUG=1 for the stack, and report it." : stack);
}

function told(json: boolean, exitCode: ExitCode, message: string, fix?: string, details: object = {}): ExitCode {
  const console = new Console({ json });
  console.say("bad", message);
  if (fix !== undefined) console.say("wait", `next: ${fix}`);
  console.emit({ kind: "error", exitCode, message, fix: fix ?? null, ...details });
  return exitCode;
}
