import type { Duplex } from "node:stream";
import { Client, type ClientChannel } from "ssh2";
import { errorMessage } from "../common/errors.ts";
import { fingerprint } from "../common/fingerprint.ts";
import type { Bastion, Ran, Source, Via } from "../gates/gate.ts";

/** Who may come in, and how the other side is known. */
export interface BastionAccess {
  /** The bastion's IPv6 address. */
  readonly host: string;
  readonly user: string;
  /** OpenSSH format. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`: the only key that the bastion may show. */
  readonly hostKey: string;
}

export type SshAddress = (host: string) => { readonly host: string; readonly port: number };

/** As AWS has it: the bastion's own address, at the port of SSH. */
export const sshAddressItself: SshAddress = (host) => ({ host, port: sshPort });

export interface BastionSourceOptions {
  /** The access that stage bastion handed on; nothing where none was built. */
  readonly access: () => Promise<BastionAccess | undefined>;
  /** Where the SSH of an address is reached from this machine. */
  readonly sshAddress: SshAddress;
  readonly via: Via;
  readonly by: string;
  /** Throws when nobody can be asked. */
  readonly confirm?: () => Promise<void>;
  /** Certificate authorities of what the bastion reaches, where they are not the usual ones. */
  readonly authorities?: () => string | undefined;
}

const sshPort = 22;
/** How long a connection, and a forwarded one, may take to come about, in milliseconds. */
const dialMs = 10_000;

/** The bastion as a source: one SSH connection, made when first asked for and again when it was lost. */
export function bastionSource(options: BastionSourceOptions): { readonly source: Source<Bastion>; readonly close: () => void } {
  const { via, by, confirm } = options;
  let open: { readonly client: Client; readonly bastion: Bastion } | undefined;
  let opening: Promise<Bastion> | undefined;

  const connect = async (): Promise<Bastion> => {
    const access = await options.access();
    if (access === undefined) throw new Error("there is no bastion: its stage has not been built");
    const client = await connected(access, options.sshAddress(access.host));
    // An earlier connection may end late: it must not take a newer one's place away.
    const lost = (): void => {
      if (open?.client === client) open = undefined;
    };
    client.on("close", lost);
    client.on("error", lost);
    const authorities = options.authorities?.();
    const bastion: Bastion = {
      identity: `[${access.host}]:${sshPort} as ${access.user}, host key ${fingerprint(keyData(access.hostKey))}`,
      run: (command, stdin) => run(client, command, stdin),
      dial: (host, port) => dial(client, host, port),
      ...(authorities === undefined ? {} : { authorities }),
    };
    open = { client, bastion };
    return bastion;
  };

  return {
    source: {
      via,
      by,
      client: async () => {
        await confirm?.();
        if (open !== undefined) return open.bastion;
        // Many checks ask at once; they share the one connection.
        opening ??= connect().finally(() => (opening = undefined));
        return opening;
      },
    },
    close: () => {
      open?.client.end();
      open = undefined;
    },
  };
}

function connected({ host, user, privateKey, hostKey }: BastionAccess, at: { readonly host: string; readonly port: number }): Promise<Client> {
  const client = new Client();
  const pinned = keyData(hostKey);
  let shown: Buffer | undefined;
  return new Promise((resolve, reject) => {
    client.once("ready", () => {
      // Commands are short: waiting to fill a packet would only delay them.
      client.setNoDelay(true);
      resolve(client);
    });
    // It may complain more than once; only the first decides.
    client.on("error", (error) => {
      const changed = shown !== undefined && !shown.equals(pinned);
      const reason = changed ? `it shows the host key ${fingerprint(shown ?? pinned)}, not the pinned ${fingerprint(pinned)}` : error.message || "it does not answer";
      // Not passed on as its cause: that nobody listens yet is no reason to stop asking.
      reject(new Error(`SSH to [${host}]:${sshPort}: ${reason}`));
    });
    client.once("close", () => reject(new Error(`SSH to [${host}]:${sshPort}: the connection was closed`)));
    client.connect({
      host: at.host,
      port: at.port,
      username: user,
      privateKey,
      readyTimeout: dialMs,
      keepaliveInterval: 15_000,
      algorithms: { serverHostKey: ["ssh-ed25519"] },
      hostVerifier: (key: Buffer) => {
        shown = key;
        return key.equals(pinned);
      },
    });
  });
}

function run(client: Client, command: string, stdin: string | undefined): Promise<Ran> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel: ClientChannel) => {
      if (error) {
        reject(new Error(`SSH: ${error.message}`));
        return;
      }
      const out = { stdout: "", stderr: "" };
      let code: number | undefined;
      channel.on("data", (part: Buffer) => (out.stdout += part.toString()));
      channel.stderr.on("data", (part: Buffer) => (out.stderr += part.toString()));
      channel.on("exit", (exit: number | null) => (code = exit ?? undefined));
      channel.on("close", () => (code === undefined ? reject(new Error(`\`${command}\` ended without an exit code`)) : resolve({ code, ...out })));
      channel.on("error", (failure: Error) => reject(failure));
      channel.end(stdin ?? "");
    });
  });
}

function dial(client: Client, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(dialMs);
    late.addEventListener("abort", () => reject(new Error(`the bastion did not reach ${host}:${port} within ${dialMs / 1000} s`)));
    client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      // sshd gives a reason or none; none is a connection that was refused.
      if (error) reject(new Error(`the bastion does not reach ${host}:${port}: ${errorMessage(error).replace(/^\(SSH\) Channel open failure: ?/, "") || "nobody answers there"}`));
      // Nobody waits for it any more.
      else if (late.aborted) channel.destroy();
      else resolve(channel);
    });
  });
}

/** The key itself out of `ssh-ed25519 AAAA… comment`. */
function keyData(line: string): Buffer {
  return Buffer.from(line.trim().split(/\s+/)[1] ?? "", "base64");
}
