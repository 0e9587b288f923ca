/** `docker compose …`, as far as the rehearsal has it. */
export interface ComposeCommand {
  readonly verb: "up" | "ps" | "logs" | "stop" | "start" | "restart" | "kill" | "rm" | "version";
  readonly projectDirectory: string | undefined;
  readonly projectName: string | undefined;
  readonly services: readonly string[];
  readonly all: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly prefix: boolean;
  readonly tail: number | undefined;
  readonly stopFirst: boolean;
}

/** A command line that docker would not take either, in its words. */
export class DockerUsage extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** compose's exit code for a flag that it does not know. */
const syntaxFailure = 16;

const flags: Readonly<Record<ComposeCommand["verb"], Readonly<Record<string, "flag" | "value">>>> = {
  up: { "--detach": "flag", "-d": "flag", "--wait": "flag" },
  ps: { "--all": "flag", "-a": "flag", "--format": "value", "--quiet": "flag", "-q": "flag" },
  logs: { "--no-log-prefix": "flag", "--no-color": "flag", "--tail": "value", "-n": "value" },
  stop: { "--timeout": "value", "-t": "value" },
  start: {},
  restart: { "--timeout": "value", "-t": "value" },
  kill: { "--signal": "value", "-s": "value" },
  rm: { "--force": "flag", "-f": "flag", "--stop": "flag", "-s": "flag" },
  version: { "--short": "flag" },
};
const verbs = Object.keys(flags) as ComposeCommand["verb"][];
const globals: Readonly<Record<string, "flag" | "value">> = { "--project-directory": "value", "--project-name": "value", "-p": "value" };

export function parseDocker(argv: readonly string[]): ComposeCommand {
  const [program, ...rest] = argv;
  if (program !== "compose") {
    throw new DockerUsage(`docker: ${program ?? ""} is not a command of the rehearsal's docker, which has \`docker compose\` only.\n\nRun 'docker --help' for more information`, 1);
  }
  const global = readOptions(rest, globals, "docker compose", true);
  const [name, ...after] = global.rest;
  const verb = verbs.find((known) => known === name);
  if (verb === undefined) throw new DockerUsage(`unknown docker command: "compose ${name ?? ""}"\n\nUsage:  docker compose [OPTIONS] COMMAND\n\nRun 'docker compose --help' for more information on a command.`, syntaxFailure);
  const { given, rest: services } = readOptions(after, flags[verb], `docker compose ${verb}`, false);
  const has = (...names: string[]): boolean => names.some((one) => given.has(one));
  const value = (...names: string[]): string | undefined => names.map((one) => given.get(one)).find((found) => found !== undefined);

  if (verb === "up" && !has("--detach", "-d", "--wait")) throw new DockerUsage("the rehearsal's compose starts in the background only: docker compose up --detach", 1);
  if (verb === "rm" && !has("--force", "-f")) throw new DockerUsage("the rehearsal's compose asks nobody: docker compose rm --force", 1);
  const format = value("--format");
  if (format !== undefined && format !== "json") throw new DockerUsage(`unsupported format "${format}": the rehearsal's compose has json only`, 1);
  const tail = value("--tail", "-n");
  if (tail !== undefined && tail !== "all" && !/^\d+$/.test(tail)) throw new DockerUsage(`invalid value "${tail}" for --tail`, syntaxFailure);
  return {
    verb,
    services,
    projectDirectory: global.given.get("--project-directory"),
    projectName: global.given.get("--project-name") ?? global.given.get("-p"),
    all: has("--all", "-a"),
    json: format === "json",
    quiet: has("--quiet", "-q"),
    prefix: !has("--no-log-prefix"),
    tail: tail === undefined || tail === "all" ? undefined : Number(tail),
    stopFirst: verb === "rm" && has("--stop", "-s"),
  };
}

function readOptions(argv: readonly string[], known: Readonly<Record<string, "flag" | "value">>, command: string, stopAtWord: boolean): { given: Map<string, string>; rest: string[] } {
  const given = new Map<string, string>();
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (!word.startsWith("-")) {
      if (stopAtWord) return { given, rest: argv.slice(index) };
      rest.push(word);
      continue;
    }
    const [name = "", ...inline] = word.split("=");
    const usage = `\n\nUsage:  ${command} [OPTIONS]\n\nRun '${command} --help' for more information`;
    const kind = known[name];
    if (kind === undefined) throw new DockerUsage(`unknown ${name.startsWith("--") ? "flag" : "shorthand flag"}: ${name}${usage}`, syntaxFailure);
    if (kind === "flag") given.set(name, "true");
    else {
      const value = inline.length > 0 ? inline.join("=") : argv[++index];
      if (value === undefined) throw new DockerUsage(`flag needs an argument: ${name}${usage}`, syntaxFailure);
      given.set(name, value);
    }
  }
  return { given, rest };
}
