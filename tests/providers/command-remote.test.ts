import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import ssh2 from "ssh2";
import type { Clock } from "../../common/poll.ts";
import { commandProvider } from "../../rehearsal/providers/command/provider.ts";
import { sshAddress } from "../../rehearsal/providers/command/ssh.ts";
import { serve, type Served } from "../../rehearsal/providers/server.ts";
import { makeKey } from "../../rehearsal/providers/tls/private-key.ts";
import { type Properties, UNKNOWN } from "../../rehearsal/providers/values.ts";
import { Empty } from "../../rehearsal/providers/wire.ts";
import { EngineLike } from "./engine-like.ts";
import { noIpv6Loopback, SshServer } from "./ssh-server.ts";

const REMOTE = "command:remote:Command";
const client = makeKey();
const PRIVATE_KEY = String(client["privateKeyOpenssh"]);

/** Waits for nothing, and remembers how long it would have. */
class Pauses implements Clock {
  readonly milliseconds: number[] = [];
  now(): number {
    return 0;
  }
  elapsed(): number {
    return 0;
  }
  wait(milliseconds: number): Promise<void> {
    this.milliseconds.push(Math.round(milliseconds));
    return Promise.resolve();
  }
}

const detailsOf = (call: Promise<unknown>): Promise<string> => call.then(() => "no failure", (error: unknown) => (error as { details?: string }).details ?? String(error));

describe(`${REMOTE} of the stand-in, over real SSH${noIpv6Loopback === undefined ? "" : ` (skipped: ${noIpv6Loopback})`}`, () => {
  let server: SshServer;
  let served: Served;
  let engine: EngineLike;
  let pauses: Pauses;
  const env: NodeJS.ProcessEnv = {};
  beforeEach(async function () {
    if (noIpv6Loopback !== undefined) return this.skip();
    server = new SshServer();
    env["MOONBACK_SSH_ADDRESS"] = await server.start();
    pauses = new Pauses();
    served = await serve(commandProvider(env, pauses), { closeMs: 0 });
    engine = new EngineLike(served.port);
  });
  afterEach(async () => {
    if (noIpv6Loopback !== undefined) return;
    engine.client.close();
    await served.stop();
    await server.stop();
  });

  const connection = (more: Properties = {}): Properties => ({ host: "2001:db8::1", port: 22, user: "moonback", privateKey: PRIVATE_KEY, hostKey: server.hostKey, ...more });
  const create = (inputs: Properties, more?: Properties) => engine.create(REMOTE, { connection: connection(more), ...inputs });

  it("runs create, update and delete as the user, with the key, on the one host it knows", async () => {
    const inputs = { create: "echo created; echo fine >&2", update: 'echo "updated after $PULUMI_COMMAND_STDOUT"', delete: "true" };
    const subject = await create(inputs);
    expect(subject.state).to.include({ stdout: "created", stderr: "fine" });
    const updated = await engine.update(subject, { ...subject.inputs, stdin: "x" });
    expect(updated.state["stdout"]).to.equal("updated after created");
    await engine.delete(updated);
    expect(server.executed.map(({ command }) => command)).to.deep.equal([inputs.create, inputs.update, inputs.delete]);
    for (const { user, key } of server.executed) expect([user, `${key}\n`]).to.deep.equal(["moonback", client["publicKeyOpenssh"]]);
  });

  it("hands over variables and stdin, and ends stdin", async () => {
    const { state } = await create({ create: 'cat; echo "$GREETING"', environment: { GREETING: "hello" }, stdin: "from stdin\n" });
    expect(state["stdout"]).to.equal("from stdin\nhello");
    expect((await create({ create: "cat" })).state["stdout"]).to.equal("");
    expect(server.executed[0]?.environment).to.deep.equal({ GREETING: "hello" });
  });

  it("hears a command that ends as soon as it begins", async () => {
    server.inOnePiece = true;
    for (let run = 0; run < 5; run++) expect((await create({ create: "echo quick" })).state["stdout"]).to.equal("quick");
  });

  it("gives long outputs whole", async () => {
    const { state } = await create({ create: "head -c 3000000 /dev/zero | tr '\\0' a; head -c 300000 /dev/zero | tr '\\0' b >&2" });
    expect(state["stdout"]).to.have.length(3_000_000);
    expect(state["stderr"]).to.have.length(300_000);
  });

  it("says how a command failed, and what it said; shows neither the command nor what went in", async () => {
    const inputs = { create: 'secret=canary-command; echo "why: $TOKEN $(cat)" >&2; exit 3', environment: { TOKEN: "canary-env" }, stdin: "canary-stdin" };
    expect(await detailsOf(create(inputs))).to.equal("the create command ended with exit code 3:\nwhy: [hidden] [hidden]");
    const line = PRIVATE_KEY.split("\n")[2]!;
    expect(await detailsOf(create({ create: "echo \"$K\" >&2; false", environment: { K: line } }))).to.not.include(line);
    expect(await detailsOf(create({ create: `echo ${line} | tr a a >&2; exit 1` })), "the private key, wherever it comes from").to.not.include(line);
    expect(await detailsOf(create({ create: "kill -9 $$" }))).to.match(/^the create command ended by SIGKILL/);
  });

  it("dials nobody where there is nothing to run", async () => {
    delete env["MOONBACK_SSH_ADDRESS"];
    const subject = await create({ triggers: ["a"] });
    await engine.delete(await engine.update(subject, { ...subject.inputs, triggers: ["a"], stdin: "x" }));
    expect(server.connections).to.equal(0);
  });

  it("plans without an address, and says what is missing when something has to be run", async () => {
    const subject = await create({ create: "echo", delete: "true" });
    delete env["MOONBACK_SSH_ADDRESS"];
    expect((await engine.check(REMOTE, subject.inputs)).failures).to.deep.equal([]);
    expect((await engine.diff(subject, { ...subject.inputs, create: "other" })).updates).to.deep.equal(["create"]);
    expect(await engine.previewCreate(REMOTE, subject.inputs)).to.include({ stdout: UNKNOWN });
    expect((await engine.update(subject, { ...subject.inputs, create: "other" }, true)).state).to.include({ stdout: UNKNOWN });
    expect((await engine.refresh(subject)).state).to.deep.equal(subject.state);
    const calls = [() => create({ create: "echo" }), () => engine.update(subject, { ...subject.inputs, create: "other" }), () => engine.delete(subject)];
    for (const call of calls) {
      expect(await detailsOf(call())).to.equal("the stand-in command provider speaks only to a bastion on loopback, but MOONBACK_SSH_ADDRESS is not set");
    }
  });

  describe("the host key", () => {
    it("is pinned: another server is refused at once, with both fingerprints", async () => {
      const pinned = makeKey();
      const failure = await detailsOf(create({ create: "echo" }, { hostKey: String(pinned["publicKeyOpenssh"]) }));
      expect(failure).to.match(/^the SSH server at \[::1\]:\d+ has the host key SHA256:\S+, but the program pins SHA256:\S+$/);
      expect(failure).to.include(String(pinned["publicKeyFingerprintSha256"]));
      expect(server.executed).to.deep.equal([]);
      expect(server.connections, "asked once").to.equal(1);
    });

    for (const [type, options] of [["ecdsa", { bits: 256 }], ["rsa", { bits: 2048 }]] as const) {
      it(`may be the server's ${type} key where it has several`, async () => {
        const other = ssh2.utils.generateKeyPairSync(type, options);
        const several = new SshServer(other.private);
        env["MOONBACK_SSH_ADDRESS"] = await several.start();
        try {
          for (const hostKey of [several.hostKey, other.public]) await create({ create: "echo" }, { hostKey });
          expect(several.executed).to.have.length(2);
        } finally {
          await several.stop();
        }
      });
    }

    it("may stand beside a comment, or a line end", async () => {
      await create({ create: "echo" }, { hostKey: `${server.hostKey.trim()} root@bastion\n` });
      expect(server.executed).to.have.length(1);
    });

    it("must be given, and be one", async () => {
      const failuresOf = async (more: Properties) => (await engine.check(REMOTE, { create: "echo", connection: connection(more) })).failures;
      expect(await failuresOf({ hostKey: undefined })).to.deep.equal([`connection: 'connection' of ${REMOTE} needs 'hostKey': the stand-in pins every host`]);
      for (const wrong of ["", "nonsense", "ssh-ed25519 AAAA", "ssh-rsa " + (server.hostKey.split(" ")[1] ?? ""), PRIVATE_KEY]) {
        expect(await failuresOf({ hostKey: wrong })).to.deep.equal([`connection: 'connection' of ${REMOTE} has a 'hostKey' that must be a public key such as 'ssh-ed25519 AAAA…'`]);
      }
      expect(await failuresOf({ hostKey: undefined, privateKey: UNKNOWN }), "while the private key is still to come").to.have.length(1);
      expect(await failuresOf({ hostKey: UNKNOWN, privateKey: UNKNOWN }), "while it is still to come itself").to.deep.equal([]);
    });
  });

  for (const [part, value] of Object.entries({ password: "p", privateKeyPassword: "p", agentSocketPath: "/s", proxy: { host: "h" } })) {
    it(`refuses a connection with ${part} by name`, async () => {
      const { failures } = await engine.check(REMOTE, { create: "echo", connection: connection({ [part]: value }) });
      expect(failures).to.have.length(1);
      expect(failures[0]).to.include(`'${part}', which the stand-in does not support; it supports: dialErrorLimit, host, hostKey, perDialTimeout, port, privateKey, user`);
    });
  }

  it("wants a host and a private key, of the right kind, and never repeats them", async () => {
    for (const missing of ["host", "privateKey"]) {
      const { failures } = await engine.check(REMOTE, { create: "echo", connection: connection({ [missing]: undefined }) });
      expect(failures.join()).to.include(`needs '${missing}'`);
    }
    expect((await engine.check(REMOTE, { create: "echo", connection: connection({ port: "22" }) })).failures.join()).to.include("has a 'port' that must be a number");
    expect((await engine.check(REMOTE, { create: "echo" })).failures.join()).to.include("needs 'connection'");
    const broken = PRIVATE_KEY.slice(0, 200);
    expect(await detailsOf(create({ create: "echo" }, { privateKey: broken, dialErrorLimit: 0 }))).to.match(/private ?key/i).and.not.include(PRIVATE_KEY.slice(50, 100));
  });

  it("takes the defaults of a connection and their absence for the same", async () => {
    const subject = await create({ create: "echo" });
    const defaults = connection({ dialErrorLimit: 10, perDialTimeout: 15 });
    expect((await engine.diff(subject, { ...subject.inputs, connection: defaults })).changes).to.be.false;
    expect((await engine.diff(subject, { ...subject.inputs, connection: connection({ perDialTimeout: 16 }) })).updates).to.deep.equal(["connection"]);
  });

  describe("dials", () => {
    it("again after longer and longer pauses, until the server is there", async () => {
      server.hangUps = 3;
      expect((await create({ create: "echo there" })).state["stdout"]).to.equal("there");
      expect(pauses.milliseconds).to.deep.equal([100, 150, 225]);
      expect(server.connections).to.equal(4);
    });

    it("ten times by default before the next failure is final, and says so", async () => {
      const address = env["MOONBACK_SSH_ADDRESS"] ?? "";
      server.authorized.add(String(makeKey()["publicKeyOpenssh"]).trim());
      expect(await detailsOf(create({ create: "echo" }))).to.equal(`no SSH connection as moonback to ${address} after 11 dials: All configured authentication methods failed`);
      expect(server.connections).to.equal(11);
      expect(pauses.milliseconds).to.have.length(10);
      expect(Math.max(...pauses.milliseconds)).to.be.at.most(5000);
    });

    it("once when no failure is allowed", async () => {
      server.hangUps = 1;
      expect(await detailsOf(create({ create: "echo" }, { dialErrorLimit: 0 }))).to.match(/after 1 dials: /);
    });

    it("for as long as it takes when there is no limit", async () => {
      server.hangUps = 30;
      expect((await create({ create: "echo there" }, { dialErrorLimit: -1 })).state["stdout"]).to.equal("there");
    });

    describe("a server that says nothing", () => {
      let silent: Server;
      const sockets: Socket[] = [];
      beforeEach(async () => {
        silent = createServer((socket) => sockets.push(socket));
        silent.listen(0, "::1");
        await once(silent, "listening");
        env["MOONBACK_SSH_ADDRESS"] = `[::1]:${String((silent.address() as { port: number }).port)}`;
      });
      afterEach(() => {
        for (const socket of sockets) socket.destroy();
        silent.close();
      });

      it("for perDialTimeout seconds each", async () => {
        const started = Date.now();
        expect(await detailsOf(create({ create: "echo" }, { dialErrorLimit: 1, perDialTimeout: 1 }))).to.match(/after 2 dials: Timed out/);
        expect(Date.now() - started).to.be.within(1900, 15_000);
      });

      it("until the engine is interrupted", async () => {
        const failed = detailsOf(create({ create: "echo" }, { perDialTimeout: 0 }));
        await once(silent, "connection");
        await engine.send("cancel", new Empty());
        expect(await failed).to.include("interrupted");
      });
    });
  });

  it("ends a running command when the engine is interrupted", async () => {
    const failed = detailsOf(create({ create: "echo begun; sleep 30" }));
    while (server.executed.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await engine.send("cancel", new Empty());
    expect(await failed).to.include("interrupted");
  });

  it("says that the connection was lost under a running command", async () => {
    const failed = detailsOf(create({ create: "sleep 30" }));
    while (server.executed.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    server.cut();
    expect(await failed).to.equal("the SSH connection ended before the command did");
  });
});

describe("the one address that the stand-in command provider dials", () => {
  it("is a loopback address with a port", () => {
    expect(sshAddress({ MOONBACK_SSH_ADDRESS: "[::1]:24560" })).to.deep.equal({ host: "::1", port: 24560 });
    expect(sshAddress({ MOONBACK_SSH_ADDRESS: "127.10.0.100:22" })).to.deep.equal({ host: "127.10.0.100", port: 22 });
  });

  for (const wrong of ["", "::1", "[::1]", "[2001:db8::1]:22", "10.10.0.100:22", "[::ffff:127.0.0.1]:22", "[::]:22", "0.0.0.0:22", "bastion:22", "localhost.example.com:22", "127.0.0.1", "[127.0.0.1]:22", "::1:22"]) {
    it(`is not '${wrong}'`, () => {
      expect(() => sshAddress({ MOONBACK_SSH_ADDRESS: wrong })).to.throw(/only to a bastion on loopback, but MOONBACK_SSH_ADDRESS is '.*', which is no loopback address/);
    });
  }
});
