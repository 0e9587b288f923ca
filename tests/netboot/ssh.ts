// The SSH client of the tests: the same package that the product uses, with nothing but what a test asks for.

import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { sshAddress } from "../../rehearsal/addresses.ts";
import type { World } from "./world.ts";

export interface Ran {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Login {
  readonly hostKey: string;
  run(command: string, stdin?: string): Promise<Ran>;
  dial(host: string, port: number): Promise<Duplex>;
  shell(): Promise<unknown>;
  sftp(): Promise<unknown>;
  end(): void;
}

/** Logs in; rejects as an operator would see it. `hostKey` is what the server showed, as authorized_keys has it. */
export function login(world: World, { user = "moonback", key = world.operator.private, password }: { user?: string; key?: string; password?: string } = {}): Promise<Login> {
  const client = new ssh2.Client();
  let hostKey = "";
  return new Promise((done, failed) => {
    client.on("error", failed);
    client.on("ready", () => done({ hostKey, run: (command, stdin) => run(client, command, stdin), dial: (host, port) => dial(client, host, port), shell: () => shell(client), sftp: () => sftp(client), end: () => client.end() }));
    client.connect({
      ...sshAddress(world.vpcCidr),
      username: user,
      ...(password === undefined ? { privateKey: key } : { password }),
      readyTimeout: 10_000,
      hostVerifier: (shown: Buffer) => {
        hostKey = `ssh-ed25519 ${shown.toString("base64")}`;
        return true;
      },
    });
  });
}

function run(client: ssh2.Client, command: string, stdin?: string): Promise<Ran> {
  return new Promise((done, failed) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        failed(error);
        return;
      }
      let [stdout, stderr] = ["", ""];
      let [code, signal]: [number | undefined, string | undefined] = [undefined, undefined];
      channel.on("data", (text: Buffer) => (stdout += text.toString()));
      channel.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
      channel.on("exit", (status: number | null, name?: string) => ([code, signal] = [status ?? undefined, name]));
      channel.on("close", () => done({ code, signal, stdout, stderr }));
      channel.end(stdin ?? "");
    });
  });
}

function dial(client: ssh2.Client, host: string, port: number): Promise<Duplex> {
  return new Promise((done, failed) => client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => (error === undefined ? done(channel) : failed(error))));
}

const shell = (client: ssh2.Client): Promise<unknown> => new Promise((done, failed) => client.shell((error, channel) => (error === undefined ? done(channel) : failed(error))));
const sftp = (client: ssh2.Client): Promise<unknown> => new Promise((done, failed) => client.sftp((error, channel) => (error === undefined ? done(channel) : failed(error))));
