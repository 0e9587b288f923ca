import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local, remote } from "@pulumi/command";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { hide } from "../../rehearsal/providers/hide.ts";
import { commandProvider } from "../../rehearsal/providers/command/provider.ts";
import { serve, type Served } from "../../rehearsal/providers/server.ts";
import { makeKey } from "../../rehearsal/providers/tls/private-key.ts";
import type { Properties } from "../../rehearsal/providers/values.ts";
import { Empty } from "../../rehearsal/providers/wire.ts";
import { EngineLike } from "./engine-like.ts";
import { noIpv6Loopback, SshServer } from "./ssh-server.ts";
import { stateContract } from "./state-contract.ts";

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";

describe("the stand-in command provider, as the engine calls it", () => {
  const title = noIpv6Loopback === undefined ? "" : ` (skipped: ${noIpv6Loopback})`;

  describe(`by the contract of its types${title}`, () => {
    const server = new SshServer();
    // Made when the tests are listed, since the fixtures name them.
    const folder = mkdtempSync(join(tmpdir(), "moonback-command-"));
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    let address = "";
    before(async function () {
      if (noIpv6Loopback !== undefined) return this.skip();
      address = await server.start();
    });
    after(async () => {
      rmSync(folder, { recursive: true });
      if (noIpv6Loopback === undefined) await server.stop();
    });

    const clientKey = String(makeKey()["privateKeyOpenssh"]);
    const connection = (more: Properties = {}): Properties => ({ host: "192.0.2.1", user: "moonback", privateKey: clientKey, hostKey: server.hostKey, ...more });
    const common = {
      update: { to: "echo updated >> log; echo done", expect: "update" },
      delete: { to: "true", expect: "update" },
      triggers: { to: ["other"], expect: "replace" },
      environment: { to: { A: "b" }, expect: "update" },
      stdin: { to: "something", expect: "update" },
      logging: { to: "none", expect: "update" },
      addPreviousOutputInEnv: { to: false, expect: "update" },
    } as const;

    stateContract("command", {
      provider: () => commandProvider({ PATH: process.env["PATH"], MOONBACK_SSH_ADDRESS: address }),
      fixtures: [
        {
          token: LOCAL,
          inputs: () => ({ create: "echo run >> log; echo done", dir: folder, triggers: ["one"] }),
          changes: {
            ...common,
            create: { to: "echo other >> log", expect: "update" },
            dir: { to: elsewhere, expect: "update" },
            interpreter: { to: ["/bin/sh", "-e", "-c"], expect: "update" },
          },
          refused: { assetPaths: ["*"], archivePaths: ["*"] },
          secrets: [],
          official: local.Command,
          missing: ["assets", "archive"],
          done: () => [join(folder, "log"), join(elsewhere, "log")].map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "")),
        },
        {
          token: REMOTE,
          inputs: () => ({ create: "echo done", triggers: ["one"], connection: connection() }),
          changes: {
            ...common,
            update: { to: "echo updated", expect: "update" },
            create: { to: "echo other", expect: "update" },
            connection: { to: connection({ user: "other" }), expect: "update" },
          },
          refused: {},
          secrets: ["connection"],
          official: remote.Command,
          done: () => server.executed.length,
        },
      ],
    });
  });

  describe(LOCAL, () => {
    let folder: string;
    let served: Served;
    let engine: EngineLike;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "moonback-command-"));
      served = await serve(commandProvider({ PATH: process.env["PATH"], INHERITED: "from the plug-in" }), { closeMs: 0 });
      engine = new EngineLike(served.port);
    });
    after(async () => {
      engine.client.close();
      await served.stop();
      rmSync(folder, { recursive: true });
    });
    const create = (inputs: Properties) => engine.create(LOCAL, { dir: folder, ...inputs });
    const failureOf = (call: Promise<unknown>) => call.then(() => "no failure", (error: unknown) => (error as { details: string }).details);

    it("runs in a shell, in its folder, with its variables on top of the plug-in's", async () => {
      const { state } = await create({ create: 'pwd; echo "$INHERITED, $OWN" >&2', environment: { OWN: "of the command" } });
      expect(state).to.include({ stdout: folder, stderr: "from the plug-in, of the command" });
    });

    it("takes one line end away, not more", async () => {
      const { state } = await create({ create: "printf ' a\\n\\n'; printf 'b' >&2" });
      expect(state).to.include({ stdout: " a\n", stderr: "b" });
    });

    it("reads stdin, and nothing when there is none", async () => {
      expect((await create({ create: "cat", stdin: "line\nline\n" })).state["stdout"]).to.equal("line\nline");
      expect((await create({ create: "cat" })).state["stdout"]).to.equal("");
      expect((await create({ create: "exec <&-; echo unread", stdin: "x".repeat(1_000_000) })).state["stdout"]).to.equal("unread");
    });

    it("runs in the interpreter that it is given", async () => {
      const { state } = await create({ create: "console.log(6 * 7)", interpreter: [process.execPath, "-e"] });
      expect(state["stdout"]).to.equal("42");
    });

    it("runs update, else create, when something changes, and neither where there is none", async () => {
      const both = await create({ create: "echo created", update: "echo updated" });
      expect((await engine.update(both, { ...both.inputs, stdin: "x" })).state["stdout"]).to.equal("updated");
      const one = await create({ create: "echo created $N", environment: { N: "1" } });
      expect((await engine.update(one, { ...one.inputs, environment: { N: "2" } })).state["stdout"]).to.equal("created 2");
      const none = await create({ delete: "true" });
      expect(none.state).to.include({ stdout: "", stderr: "" });
      expect((await engine.update(one, none.inputs)).state["stdout"], "what was said last stands").to.equal("created 1");
    });

    it("hands the last output to the next command, unless told not to", async () => {
      const inputs = { create: "echo out; echo err >&2", update: 'echo "$PULUMI_COMMAND_STDOUT $PULUMI_COMMAND_STDERR"' };
      const subject = await create(inputs);
      expect((await engine.update(subject, { ...subject.inputs, stdin: "x" })).state["stdout"]).to.equal("out err");
      expect((await engine.update(subject, { ...subject.inputs, addPreviousOutputInEnv: false })).state["stdout"]).to.equal(" ");
      const file = join(folder, "deleted");
      await engine.delete(await create({ create: "echo out", delete: `echo "$PULUMI_COMMAND_STDOUT" > ${file}` }));
      expect(readFileSync(file, "utf8")).to.equal("out\n");
    });

    it("says how a command failed, and what it said; shows neither the command nor what went in", async () => {
      const secrets = { environment: { TOKEN: "canary-env", OK: "1" }, stdin: "first line\ncanary-stdin\n" };
      const script = 'secret=canary-command; echo said 1; echo "why: $TOKEN, $(cat), $OK" >&2; exit 3';
      expect(await failureOf(create({ create: script, ...secrets }))).to.equal("the create command ended with exit code 3:\nwhy: [hidden], [hidden], 1");
      expect(await failureOf(create({ create: "echo only this; exit 1" }))).to.equal("the create command ended with exit code 1:\nonly this");
      expect(await failureOf(create({ create: "exit 2" }))).to.equal("the create command ended with exit code 2, and said nothing");
      expect(await failureOf(create({ create: "kill -9 $$" }))).to.match(/^the create command ended by SIGKILL/);
      expect(await failureOf(create({ create: "canary", interpreter: ["/no/such/shell"] }))).to.match(/^the create command ended before it began \(.*ENOENT/).and.not.include("canary");
      expect(await failureOf(create({ create: "canary", dir: "/no/such/folder" }))).to.match(/^the create command ended before it began \(.*folder/).and.not.include("canary");
    });

    it("names the step that failed, and leaves what was recorded", async () => {
      const subject = await create({ create: "echo fine", update: "exit 4", delete: "exit 5" });
      const failed = await engine.update(subject, { ...subject.inputs, stdin: "x" }).catch((error: unknown) => error as Error);
      // With an object in the answer, the engine would record the new inputs as if the command had run.
      expect(failed).to.have.property("details", "the update command ended with exit code 4, and said nothing");
      expect((failed as { metadata?: { get(key: string): unknown[] } }).metadata?.get("grpc-status-details-bin")).to.deep.equal([]);
      expect(await failureOf(engine.delete(subject))).to.equal("the delete command ended with exit code 5, and said nothing");
    });

    it("ends a running command and what it has started, when the engine is interrupted, and runs others afterwards", async () => {
      const file = join(folder, "started");
      const running = failureOf(create({ create: `sleep 60 & echo $! > ${file}.new; mv ${file}.new ${file}; wait` }));
      const until = (holds: () => boolean, reason: string) => poll(
        () => Promise.resolve(holds() ? { done: true as const, value: undefined } : { done: false as const, reason }),
        { timeoutMs: 20_000, intervalMs: 20 },
      );
      await until(() => existsSync(file), "the command has not begun");
      const asked = Date.now();
      await engine.send("cancel", new Empty());
      expect(await running).to.include("interrupted");
      expect(Date.now() - asked, "without waiting for what it has started").to.be.lessThan(30_000);
      const started = Number(readFileSync(file, "utf8"));
      await until(() => !existsSync(`/proc/${String(started)}`), "what the command has started lives on");
      expect((await create({ create: "echo again" })).state["stdout"]).to.equal("again");
    });
  });

  it("does not know what else the official provider has, and says where the list is", async () => {
    const served = await serve(commandProvider({}), { closeMs: 0 });
    const engine = new EngineLike(served.port);
    try {
      for (const token of ["command:remote:CopyToRemote", "command:remote:CopyFile"]) {
        const failure = await engine.check(token, {}).then(() => "", String);
        expect(failure).to.include(`the stand-in command provider does not know ${token}; the list is rehearsal/providers/command/types.ts`);
      }
    } finally {
      engine.client.close();
      await served.stop();
    }
  });
});

describe("what a failed command may show", () => {
  it("is its output without what went in, whole or by line", () => {
    expect(hide("a token-one b token-two c", ["token-one\ntoken-two"])).to.equal("a [hidden] b [hidden] c");
    expect(hide("longer-secret", ["longer", "longer-secret"]), "the longest first").to.equal("[hidden]");
  });

  it("keeps what is too short to be a secret, and nothing is not one", () => {
    expect(hide("exit 1 of 22", ["1", "22", "", "\n"])).to.equal("exit 1 of 22");
  });

  it("is the end of what is long", () => {
    const shown = hide(`begin${"x".repeat(10_000)}end`, []);
    expect(shown).to.have.length(4002).and.to.match(/^… x/).and.to.match(/end$/);
  });
});
