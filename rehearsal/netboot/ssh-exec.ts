import type { ServerChannel } from "ssh2";
import { endGroup, isRunning, startMarked } from "./children.ts";

/** How a machine runs the command of a login. */
export interface SshCommands {
  readonly mark: string;
  readonly directory: string;
  readonly variables: NodeJS.ProcessEnv;
  /** The guest's text as this machine's. */
  readonly local: (command: string) => string;
}

/** Runs a command in the login's shell, its streams over the channel; the channel's end is the command's end. */
export async function runOverSsh({ mark, directory, variables, local }: SshCommands, command: string, channel: ServerChannel): Promise<void> {
  const child = startMarked(mark, "/bin/sh", ["-c", local(command)], { cwd: directory, env: variables, stdio: ["pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error("a command without streams");
  // Who hangs up ends what runs; a command that does not read its input is no error.
  const hungUp = (): void => {
    if (isRunning(child)) endGroup(child);
  };
  channel.on("close", hungUp);
  channel.on("error", hungUp);
  stdin.on("error", () => undefined);
  channel.pipe(stdin);
  stdout.pipe(channel, { end: false });
  stderr.pipe(channel.stderr, { end: false });
  await new Promise<void>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code, signal) => {
      if (signal === null) channel.exit(code ?? 255);
      else channel.exit(signal.slice("SIG".length));
      channel.end();
      done();
    });
  });
}
