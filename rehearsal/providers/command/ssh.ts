import { once } from "node:events";
import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { Client, ClientChannel, ServerHostKeyAlgorithm } from "ssh2";
import { errorMessage, UserError } from "../../../common/errors.ts";
import { fingerprint } from "../../../common/fingerprint.ts";
import type { Ended, Run, Surroundings } from "./command-type.ts";
import type { Connection } from "./connection.ts";
import { type HostKey, parseHostKey } from "./host-key.ts";

/** The variable with the one address that is ever dialled: the SSH port of the environment's bastion, `[::1]:24560`. */
export const SSH_ADDRESS = "MOONBACK_SSH_ADDRESS";

/** Pauses between dials, as the official provider's SDK has them (`sdk/go/common/util/retry`). */
const [FIRST_PAUSE_MS, PAUSE_GROWTH, LONGEST_PAUSE_MS] = [100, 1.5, 5000];

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Connects, runs one command, and disconnects. */
export async function runOverSsh(connection: Connection, surroundings: Surroundings, run: Run): Promise<Ended> {
  const { signal } = surroundings;
  const client = await dial(connection, surroundings);
  try {
    return await Promise.race([execute(client, run), lost(client, signal)]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    if (signal.aborted) client.destroy();
    else client.end();
  }
}

/** @throws UserError unless the variable holds a loopback address: the stand-in never leaves this machine */
export function sshAddress(env: NodeJS.ProcessEnv): Address {
  const given = env[SSH_ADDRESS];
  const [, v6 = "", v4 = "", port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(given ?? "") ?? [];
  const host = isIPv6(v6) ? v6 : isIPv4(v4) ? v4 : undefined;
  if (host !== undefined && ipaddr.parse(host).range() === "loopback") return { host, port: Number(port) };
  throw new UserError(
    `the stand-in command provider speaks only to a bastion on loopback, but ${SSH_ADDRESS} is ` +
      (given === undefined ? "not set" : `'${given}', which is no loopback address with a port such as [::1]:24560`),
  );
}

function inWords({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Dials until a connection comes or too many dials have failed. */
async function dial(connection: Connection, { env, clock, signal }: Surroundings): Promise<Client> {
  const address = sshAddress(env);
  const hostKey = parseHostKey(connection.hostKey);
  if (!hostKey) throw new Error("the host key was not checked");
  let pauseMs = FIRST_PAUSE_MS;
  for (let dials = 1; ; dials++) {
    try {
      return await dialOnce(connection, hostKey, address, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Another server will not become the right one by asking again.
      if (error instanceof WrongHost) throw error;
      if (connection.dialErrorLimit >= 0 && dials > connection.dialErrorLimit) {
        throw new UserError(`no SSH connection as ${connection.user} to ${inWords(address)} after ${dials} dials: ${errorMessage(error)}`, { cause: error });
      }
      await clock.wait(pauseMs, signal);
      pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
    }
  }
}

class WrongHost extends UserError {
  override readonly name = "WrongHost";
}

async function dialOnce(connection: Connection, pinned: HostKey, address: Address, signal: AbortSignal): Promise<Client> {
  // Loaded on the first dial: most engine operations need none.
  const { default: ssh2 } = await import("ssh2");
  signal.throwIfAborted();
  const client = new ssh2.Client();
  // Whoever waits sees the errors; one that came while nobody did would end the plugin.
  client.on("error", () => undefined);
  let shown: Buffer | undefined;
  try {
    client.connect({
      host: address.host,
      port: address.port,
      username: connection.user,
      privateKey: connection.privateKey,
      authHandler: ["publickey"],
      readyTimeout: connection.perDialTimeout * 1000,
      algorithms: { serverHostKey: signaturesFor(pinned.type) },
      hostVerifier: (key: Buffer) => (shown = key).equals(pinned.blob),
    });
    // Each of the handshake's small messages would wait for the answer to the last one.
    client.setNoDelay(true);
    await Promise.race([once(client, "ready", { signal }), lost(client, signal)]);
    return client;
  } catch (error) {
    client.destroy();
    throw shown && !shown.equals(pinned.blob) ? wrongHost(address, shown, pinned) : error;
  }
}

/** Fails when the connection does. */
async function lost(client: Client, signal: AbortSignal): Promise<never> {
  await once(client, "close", { signal });
  throw new UserError("the SSH connection ended before the command did");
}

function wrongHost(address: Address, shown: Buffer, pinned: HostKey): WrongHost {
  return new WrongHost(`the SSH server at ${inWords(address)} has the host key ${fingerprint(shown)}, but the program pins ${fingerprint(pinned.blob)}`);
}

/** What a server may sign with, the pinned type first: else a server with several keys would show another one. */
function signaturesFor(type: string): ServerHostKeyAlgorithm[] {
  const all: ServerHostKeyAlgorithm[] = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"];
  const pinned = all.filter((signature) => signature === type || (type === "ssh-rsa" && signature.startsWith("rsa-")));
  return [...pinned, ...all.filter((signature) => !pinned.includes(signature))];
}

function execute(client: Client, run: Run): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A variable that the server does not accept is dropped without a word: ssh2 asks for no answer.
    client.exec(run.command, { env: { ...run.environment } }, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      // At once: a quick command's end comes in the same breath as the channel.
      collect(channel).then(resolve, reject);
      channel.end(run.stdin);
    });
  });
}

async function collect(channel: ClientChannel): Promise<Ended> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  channel.on("data", (data: Buffer) => stdout.push(data));
  channel.stderr.on("data", (data: Buffer) => stderr.push(data));
  const failure = await new Promise<string | undefined>((resolve, reject) => {
    let end: { code: number | null; signal?: string } | undefined;
    channel.on("exit", (code: number | null, signal?: string) => (end = { code, ...(signal === undefined ? {} : { signal }) }));
    channel.on("error", reject);
    channel.on("close", () => {
      if (!end) reject(new UserError("the SSH connection ended before the command did"));
      else if (end.code === null) resolve(`by ${end.signal ?? "a signal"}`);
      else resolve(end.code === 0 ? undefined : `with exit code ${end.code}`);
    });
  });
  const output = (chunks: Buffer[]): string => Buffer.concat(chunks).toString("utf8");
  return { ...(failure === undefined ? {} : { failure }), stdout: output(stdout), stderr: output(stderr) };
}
