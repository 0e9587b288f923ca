import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { local, remote } from "@pulumi/command";
import { type CustomResourceOptions, type Input, interpolate, secret } from "@pulumi/pulumi";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import { PrivateKey } from "@pulumi/tls";
import { expect } from "chai";
import { makeKey } from "../../rehearsal/providers/tls/private-key.ts";
import { Steps, withStack } from "./engine.ts";
import { noIpv6Loopback, SshServer } from "./ssh-server.ts";

interface StateResource {
  readonly type: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}

const CANARY = "canary4711";
const KEY = "tls:index/privateKey:PrivateKey";
const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";

/** What the tests change from one update to the next. */
interface Wish {
  create: string;
  update?: string;
  trigger: string;
  hostKey: string;
}

describe(`the stand-in tls and command providers under the real Pulumi engine${noIpv6Loopback === undefined ? "" : ` (skipped: ${noIpv6Loopback})`}`, function () {
  this.timeout(120_000);
  let server: SshServer;
  let surroundings: Parameters<typeof withStack>[0];
  let wish: Wish;
  beforeEach(async function () {
    if (noIpv6Loopback !== undefined) return this.skip();
    server = new SshServer();
    const endpoint = await server.start();
    surroundings = { endpoint, env: { MOONBACK_SSH_ADDRESS: endpoint }, stop: () => server.stop() };
    wish = { create: "cat; echo $TOKEN", trigger: "one", hostKey: server.hostKey };
  });
  afterEach(() => (noIpv6Loopback === undefined ? server.stop() : undefined));

  /** A key, a command that runs over SSH with it, and a command here: with a secret wherever there can be one. */
  const program: PulumiFn = () => {
    const key = new PrivateKey("key", { algorithm: "ED25519" });
    const common = (more: Record<string, Input<string>>) => ({
      create: wish.create, ...(wish.update === undefined ? {} : { update: wish.update }), delete: "echo deleted $PULUMI_COMMAND_STDOUT",
      triggers: [wish.trigger, secret(CANARY)], environment: { TOKEN: secret(CANARY), ...more }, stdin: secret(CANARY),
    });
    const outputs: CustomResourceOptions = { additionalSecretOutputs: ["stdout", "stderr"] };
    const over = new remote.Command("over", {
      ...common({}), connection: { host: "2001:db8::100", user: "moonback", privateKey: key.privateKeyOpenssh, hostKey: wish.hostKey },
    }, outputs);
    const here = new local.Command("here", common({ SAID: over.stdout }), outputs);
    return Promise.resolve({ publicKey: key.publicKeyOpenssh, privateKey: key.privateKeyPem, said: interpolate`${over.stdout}`, here: here.stdout });
  };
  const failureOf = (call: Promise<unknown>) => call.then(() => "no failure", String);
  const stateOf = (folder: string): StateResource[] => {
    // Not `exportStack`: the Automation API exports with secrets in clear.
    const text = readFileSync(join(folder, ".pulumi/stacks/moon-and-back/test-network.json"), "utf8");
    return (JSON.parse(text) as { checkpoint: { latest: { resources?: StateResource[] } } }).checkpoint.latest.resources ?? [];
  };
  const expectNothingToDo = async (stack: Stack): Promise<void> => {
    await stack.preview({ refresh: true, expectNoChanges: true });
    await stack.up({ expectNoChanges: true });
  };

  it("make, refresh and destroy, with secrets in no file after up, after refresh and after an update", () =>
    withStack(surroundings, program, async (stack, folder) => {
      await stack.preview();
      expect(server.connections, "a preview dials nobody").to.equal(0);
      const { outputs } = await stack.up();
      expect(outputs["said"]).to.deep.equal({ value: `${CANARY}${CANARY}`, secret: true });
      expect(`${server.executed[0]?.key ?? ""}\n`, "the key of the state opens the door").to.equal(outputs["publicKey"]?.value);

      const secrets = [CANARY, ...String(outputs["privateKey"]?.value).split("\n").filter((line) => line.length > 0 && !line.startsWith("-"))];
      for (const step of ["up", "refresh", "update"]) {
        if (step === "refresh") await stack.refresh({ expectNoChanges: true });
        if (step === "update") {
          wish.create = "cat; echo $TOKEN again";
          await stack.up();
        }
        const files = readdirSync(join(folder, ".pulumi"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
        const leaks = files.filter((file) => {
          const text = readFileSync(join(file.parentPath, file.name), "utf8");
          return secrets.some((each) => text.includes(each)) || text.includes("OPENSSH PRIVATE");
        });
        expect(leaks.map((file) => file.name), `after ${step}`).to.deep.equal([]);

        // Without this, a type that lost its secrets altogether would pass.
        const recorded = (token: string) => stateOf(folder).find(({ type }) => type === token);
        for (const output of ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"]) {
          expect(JSON.stringify(recorded(KEY)?.outputs?.[output]), `${output} after ${step}`).to.include("ciphertext");
        }
        for (const [token, properties] of [[LOCAL, ["environment", "stdin", "triggers"]], [REMOTE, ["environment", "stdin", "triggers", "connection"]]] as const) {
          for (const property of properties) {
            expect(JSON.stringify(recorded(token)?.inputs?.[property]), `input ${property} of ${token} after ${step}`).to.include("ciphertext");
            expect(JSON.stringify(recorded(token)?.outputs?.[property]), `output ${property} of ${token} after ${step}`).to.include("ciphertext");
          }
          expect(JSON.stringify(recorded(token)?.outputs?.["stdout"]), `stdout of ${token} after ${step}`).to.include("ciphertext");
        }
        expect(recorded(KEY)?.outputs?.["publicKeyOpenssh"], "no more than is secret").to.equal(outputs["publicKey"]?.value);
      }
      await expectNothingToDo(stack);
      await stack.destroy();
      expect(server.executed.at(-1)?.command).to.equal("echo deleted $PULUMI_COMMAND_STDOUT");
      expect(server.executed.at(-1)?.environment).to.include({ PULUMI_COMMAND_STDOUT: `${CANARY}${CANARY} again` });
    }));

  it("run a new command before they delete the old one when a trigger changes, and nothing else is replaced", () =>
    withStack(surroundings, program, async (stack) => {
      await stack.up();
      server.executed.length = 0;
      wish.trigger = "two";
      const replaced: Record<string, string[]> = {};
      await stack.preview({
        onEvent({ resourcePreEvent }) {
          const { op, urn, diffs } = resourcePreEvent?.metadata ?? {};
          if (op === "replace") replaced[urn?.split("::").at(-1) ?? ""] = diffs ?? [];
        },
      });
      expect(Object.keys(replaced)).to.have.members(["over", "here"]);
      expect(replaced["over"]).to.deep.equal(["triggers"]);
      await stack.up();
      expect(server.executed.map(({ command }) => command)).to.deep.equal([wish.create, "echo deleted $PULUMI_COMMAND_STDOUT"]);
      await expectNothingToDo(stack);
    }));

  it("leave the state as it was when a command fails, and come back", () =>
    withStack(surroundings, program, async (stack, folder) => {
      const failing = `echo "because of $TOKEN" >&2; exit 3`;
      const works = wish.create;
      wish.create = failing;
      const created = await failureOf(stack.up());
      expect(created).to.include("the create command ended with exit code 3").and.include("because of [hidden]").and.not.include(CANARY);
      expect(stateOf(folder).map(({ type }) => type)).to.not.include(REMOTE);

      wish.create = works;
      await stack.up();
      wish.update = failing;
      const updated = await failureOf(stack.up());
      expect(updated).to.include("the update command ended with exit code 3").and.not.include(CANARY);
      expect(stateOf(folder).find(({ type }) => type === REMOTE)?.inputs, "the old inputs").to.not.have.property("update");
      wish.update = "echo mended";
      expect((await stack.up()).outputs["said"]?.value).to.equal("mended");
      await expectNothingToDo(stack);
    }));

  it("refuse a server with another host key, and say both fingerprints", () => {
    const pinned = makeKey();
    wish.hostKey = String(pinned["publicKeyOpenssh"]);
    return withStack(surroundings, program, async (stack) => {
      const failure = await failureOf(stack.up());
      expect(failure).to.match(/has the host key SHA256:\S+, but the program pins SHA256:/).and.include(String(pinned["publicKeyFingerprintSha256"]));
      expect(server.executed).to.deep.equal([]);
    });
  });

  it("plan without a bastion's address, and say what is missing when they run", () =>
    withStack({ ...surroundings, env: {} }, program, async (stack) => {
      const steps = new Steps();
      await stack.preview({ onEvent: steps.onEvent });
      expect(steps.done).to.include.members(["create key", "create over", "create here"]);
      expect(await failureOf(stack.up())).to.include("but MOONBACK_SSH_ADDRESS is not set");
    }));

  it("cannot import what is nowhere but in a state", async () => {
    const options = { import: "some-id" };
    let declare: () => unknown = () => new PrivateKey("key", { algorithm: "ED25519" }, options);
    await withStack(surroundings, () => { declare(); return Promise.resolve(); }, async (stack) => {
      expect(await failureOf(stack.preview())).to.include(`a ${KEY} cannot be imported`);
      declare = () => new local.Command("here", { create: "echo" }, options);
      expect(await failureOf(stack.preview())).to.include(`a ${LOCAL} cannot be imported`);
    });
  });
});
