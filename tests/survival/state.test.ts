import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { expect } from "chai";
import { execa } from "execa";
import { pendingOf, resourcesOf, withoutPending, withResource, withResources, type Deployment, type RecordedResource } from "../../automation/recovery/deployment.ts";
import { readState, removeBlank, writeState } from "../../automation/recovery/state.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { pulumiCli } from "../pulumi-tool.ts";
import { Backend, begun, canary, made, provider, rootUrn, stack } from "./backend.ts";

const vpc = made("aws:ec2/vpc:Vpc", "vpc");
const subnet = made("aws:ec2/subnet:Subnet", "subnet", { dependencies: [vpc.urn], propertyDependencies: { vpcId: [vpc.urn] } });
const table = made("aws:ec2/routeTable:RouteTable", "table", { dependencies: [subnet.urn] });
const gateway = made("aws:ec2/internetGateway:InternetGateway", "gateway");

describe("the state of a stack, through the real CLI", () => {
  let backend: Backend;
  before(async () => {
    backend = await Backend.make();
  });
  after(() => backend[Symbol.dispose]());

  const whole = async (): Promise<{ deployment: Deployment; text: string }> => {
    const state = await readState(stack, backend.settings);
    if (state.kind !== "whole") throw new Error(`it is ${state.kind}`);
    return state;
  };
  const write = (deployment: Deployment, settings = backend.settings): Promise<void> => writeState(stack, deployment, backend.exports, settings);
  const failure = async (promise: Promise<unknown>): Promise<UserError> => {
    const error = await promise.then(() => "no failure", (thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError);
    return error as UserError;
  };
  /** Every file of the backend's folder in which the secret stands in clear. */
  const inClear = (): string[] =>
    readdirSync(backend.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name), "utf8").includes(canary)).map(({ name }) => name);

  describe("is read", () => {
    it("as none where the stack does not exist", async () => {
      expect(await readState("lab-bastion", backend.settings)).to.deep.equal({ kind: "none" });
    });

    it("as whole where nothing was built yet", async () => {
      expect(resourcesOf((await whole()).deployment)).to.deep.equal([]);
    });

    it("as whole with all that is in it, its secrets encrypted", async () => {
      await backend.fill([provider, vpc, subnet], [{ type: "creating", resource: begun(gateway) }]);
      const { deployment, text } = await whole();
      expect(resourcesOf(deployment).map(({ urn }) => urn)).to.deep.equal([rootUrn, provider.urn, vpc.urn, subnet.urn]);
      expect(pendingOf(deployment)).to.deep.equal([{ type: "creating", resource: begun(gateway) }]);
      expect(text.match(/"ciphertext": "v1:/g)).to.have.length(3);
      expect(text).to.not.include(canary);
    });

    it("as blank where a run was killed while the engine made the stack, and can be taken away", async () => {
      const [state, copy] = [backend.checkpoint, `${backend.checkpoint}.bak`].map((file) => readFileSync(file));
      try {
        for (const text of [`{"version":0,"checkpoint":{"stack":"organization/moon-and-back/${stack}"}}`, "{}", "null"]) {
          writeFileSync(backend.checkpoint, text);
          expect(await readState(stack, backend.settings), text).to.deep.equal({ kind: "blank" });
        }
        await removeBlank(stack, backend.settings);
        expect(await readState(stack, backend.settings)).to.deep.equal({ kind: "none" });
      } finally {
        writeFileSync(backend.checkpoint, state ?? "");
        writeFileSync(`${backend.checkpoint}.bak`, copy ?? "");
      }
    });

    describe("as damaged, in the engine's words, and is left as it is,", () => {
      const half = (text: string): string => text.slice(0, text.length / 2);
      for (const [what, spoil] of Object.entries<(text: string) => string>({
        "where the file is empty": () => "",
        "where it is cut short": half,
        "where it is cut short by one character": (text) => text.trimEnd().slice(0, -1),
        "where its end is zeros": (text) => half(text).padEnd(text.length, "\0"),
        "where it is zeros": (text) => "\0".repeat(text.length),
        "where it is another kind of file": () => "version: 1\n",
        "where it is a list": () => "[]",
        "where it has no checkpoint": () => '{"version":3}',
        "where its resources are none": () => '{"version":3,"checkpoint":{"latest":{"resources":"none"}}}',
      })) {
        it(what, async () => {
          const kept = readFileSync(backend.checkpoint, "utf8");
          try {
            writeFileSync(backend.checkpoint, spoil(kept));
            const state = await readState(stack, backend.settings);
            expect(state.kind).to.equal("damaged");
            expect(state).to.have.property("problem").that.matches(/\w/).and.does.not.match(/\n|^error/);
            expect(readFileSync(backend.checkpoint, "utf8")).to.equal(spoil(kept));
          } finally {
            writeFileSync(backend.checkpoint, kept);
          }
        });
      }
    });

    describe("not at all, and is never taken for damaged,", () => {
      const unread = async (spoil: () => void, mend: () => void): Promise<UserError> => {
        try {
          spoil();
          return await failure(readState(stack, backend.settings));
        } finally {
          mend();
        }
      };
      const aside = (): string => `${backend.checkpoint}.aside`;

      it("where the file cannot be read", async () => {
        // Nobody can follow a link to itself, not even root.
        const error = await unread(
          () => {
            renameSync(backend.checkpoint, aside());
            symlinkSync(backend.checkpoint, backend.checkpoint);
          },
          () => { renameSync(aside(), backend.checkpoint); },
        );
        expect(error.message).to.include("too many levels of symbolic links");
      });

      it("where a newer CLI has written it", async () => {
        const kept = readFileSync(backend.checkpoint, "utf8");
        const error = await unread(() => { writeFileSync(backend.checkpoint, kept.replace('"version":3', '"version":99')); }, () => { writeFileSync(backend.checkpoint, kept); });
        expect([error.message.includes("A newer Pulumi CLI"), error.exitCode]).to.deep.equal([true, ExitCode.usage]);
      });

      it("where the backend's own mark is damaged", async () => {
        const meta = join(backend.state, ".pulumi/meta.yaml");
        const kept = readFileSync(meta);
        const error = await unread(() => { writeFileSync(meta, ""); }, () => { writeFileSync(meta, kept); });
        expect(error.fix).to.include("version: 1");
        expect(kept.toString()).to.include("version: 1");
      });

      it("where the backend does not answer", async () => {
        const nowhere = backend.settingsWith({ PULUMI_BACKEND_URL: "s3://states?endpoint=http://127.0.0.1:9&region=eu-west-1&s3ForcePathStyle=true", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
        expect((await failure(readState(stack, nowhere))).message).to.include("does not answer");
      });
    });
  });

  describe("is written", () => {
    it("with what was found put in, wherever it belongs: new, in place of another, in place of what was deleted for it, and with new needs", async () => {
      await backend.fill([provider, vpc, subnet, table, gateway], [{ type: "creating", resource: begun(subnet) }]);
      const found = await whole();
      const pending = withoutPending(found.deployment);
      const parameter = made("aws:ssm/parameter:Parameter", "parameter", { dependencies: [table.urn] });
      const gone = withResources(pending, resourcesOf(pending).map((one) => (one.urn === subnet.urn ? { ...one, pendingReplacement: true } : one)));
      const cases: Readonly<Record<string, { readonly state: Deployment; readonly lost: RecordedResource; readonly order: string[] }>> = {
        new: { state: pending, lost: begun(parameter), order: ["vpc-1", "subnet-1", "table-1", "gateway-1", "found-1"] },
        replacement: { state: pending, lost: begun(subnet), order: ["vpc-1", "found-1", "subnet-1 to delete", "table-1", "gateway-1"] },
        "replacement of what is gone": { state: gone, lost: begun(subnet), order: ["vpc-1", "found-1", "table-1", "gateway-1"] },
        "replacement that needs what came later": { state: pending, lost: begun(subnet, { dependencies: [vpc.urn, gateway.urn] }), order: ["vpc-1", "gateway-1", "found-1", "subnet-1 to delete", "table-1"] },
        "replacement deleted with what came later": { state: pending, lost: begun(subnet, { dependencies: [], deletedWith: gateway.urn }), order: ["vpc-1", "gateway-1", "found-1", "subnet-1 to delete", "table-1"] },
      };
      for (const [what, { state, lost, order }] of Object.entries(cases)) {
        await write(withResource(state, lost, "found-1"));
        const after = await whole();
        expect(resourcesOf(after.deployment).slice(2).map((one) => `${one.id ?? "?"}${one.delete === true ? " to delete" : ""}`), what).to.deep.equal(order);
        expect(pendingOf(after.deployment), what).to.deep.equal([]);
        // The engine checks the order of what it reads, too.
        await backend.pulumi("stack", "-s", stack);
      }
    });

    it("encrypted: no secret stands in clear in any file, nor in what the CLI is called with, and each can still be read by whoever may", async () => {
      await backend.fill([provider, vpc]);
      const { deployment } = await whole();
      await write(withResource(deployment, begun(subnet), "subnet-9"), await recording());
      expect(inClear()).to.deep.equal([]);
      expect(readFileSync(join(backend.folder, "arguments"), "utf8")).to.equal(`stack import --stack ${stack} --file ${join(backend.exports, "import.json")} --non-interactive\n`);
      expect(readFileSync(join(backend.folder, "modes"), "utf8")).to.equal("600\n700\n");
      const copy = readFileSync(join(backend.folder, "imported"), "utf8");
      expect(copy.match(/"ciphertext":"v1:/g)).to.have.length(2);
      const shown = JSON.parse(await backend.pulumi("stack", "export", "--show-secrets", "-s", stack)) as Deployment;
      expect(resourcesOf(shown).map(({ inputs, outputs }) => JSON.stringify([inputs, outputs]).includes(canary))).to.deep.equal([true, false, true, false]);
      expect(JSON.parse(await backend.pulumi("stack", "output", "--show-secrets", "--json", "-s", stack))).to.deep.equal({ plain: "seen", hidden: canary });
    });

    it("the same as it was, where nothing is changed, but for what is encrypted anew", async () => {
      await backend.fill([provider, vpc, subnet]);
      const before = await whole();
      await write(before.deployment);
      const plain = (text: string): string => text.replaceAll(/"ciphertext": "[^"]+"/g, "");
      expect(plain((await whole()).text)).to.equal(plain(before.text));
    });

    it("by nobody who has not its passphrase, and is then what it was", async () => {
      await backend.fill([provider, vpc]);
      const before = await whole();
      for (const variables of [{ PULUMI_CONFIG_PASSPHRASE: "another" }, { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: "" }]) {
        const error = await failure(write(before.deployment, backend.settingsWith(variables)));
        expect([error.message.includes("The passphrase does not open the state."), error.exitCode]).to.deep.equal([true, ExitCode.usage]);
      }
      expect((await whole()).text).to.equal(before.text);
    });

    it("not where it contradicts itself, and the reason is told", async () => {
      await backend.fill([provider, vpc, subnet]);
      const before = await whole();
      const [root, maker, ...rest] = resourcesOf(before.deployment);
      const backwards = { ...before.deployment, deployment: { ...before.deployment.deployment, resources: [root, maker, ...rest.reverse()] } } as Deployment;
      const error = await failure(write(backwards));
      expect(error.message).to.include("comes after it").and.include("contradicts itself");
      expect((await whole()).text).to.equal(before.text);
      expect(readFileSync(backend.settings.logFile, "utf8")).to.include(`$ pulumi stack import --stack ${stack}`).and.include("comes after it");
    });

    it("and is not taken away where there is something in it", async () => {
      await backend.fill([provider, vpc]);
      const before = (await whole()).text;
      expect((await failure(removeBlank(stack, backend.settings))).message).to.include("still has resources");
      expect((await whole()).text).to.equal(before);
    });

    it("over what a kill in the middle left, and leaves nothing beside it", async () => {
      mkdirSync(backend.exports, { recursive: true });
      writeFileSync(join(backend.exports, "import.json"), "{", { mode: 0o600 });
      await write((await whole()).deployment);
      expect(readdirSync(backend.exports)).to.deep.equal([]);
    });

    it("not where the disk is full, and is then what it was", async () => {
      const before = await whole();
      symlinkSync("/dev/full", join(backend.exports, "import.json"));
      const error = await write(before.deployment).catch((thrown: unknown) => thrown);
      expect(String(error)).to.include("ENOSPC");
      expect([readdirSync(backend.exports), (await whole()).text]).to.deep.equal([[], before.text]);
    });

    it("whole or not at all, whenever the CLI is killed at it, and the next one clears its lock", async () => {
      await backend.fill([provider, vpc]);
      const { deployment } = await whole();
      const file = join(backend.folder, "to-import.json");
      const ids = new Set<string | undefined>();
      for (let index = 0; index < 12; index += 1) {
        writeFileSync(file, JSON.stringify(withResources(deployment, resourcesOf(deployment).map((one) => (one.urn === vpc.urn ? { ...one, id: `vpc-${index}` } : one)))));
        const child = execa(pulumiCli, ["stack", "import", "-s", stack, "--file", file, "--non-interactive"], { cwd: backend.folder, env: backend.settings.variables, reject: false, stdin: "ignore" });
        await delay(150 + index * 40);
        child.kill("SIGKILL");
        await child;
        const found = resourcesOf((await whole()).deployment).find(({ urn }) => urn === vpc.urn)?.id;
        expect(found === `vpc-${index}` || index === 0 || ids.has(found), found).to.equal(true);
        ids.add(found);
      }
      await write(deployment);
      expect(resourcesOf((await whole()).deployment).at(-1)?.id).to.equal("vpc-1");
      rmSync(file);
    });
  });

  /** The real CLI behind a script that writes down how it was called. */
  async function recording(): Promise<Backend["settings"]> {
    const root = join(backend.folder, "recording");
    const script = join(root, "bin/pulumi");
    mkdirSync(join(root, "bin"), { recursive: true });
    writeFileSync(script, `#!/bin/sh\nif [ "$1" != version ]; then echo "$@" >arguments; cp "$6" imported; stat -c %a "$6" "$(dirname "$6")" >modes; fi\nexec '${pulumiCli}' "$@"\n`);
    chmodSync(script, 0o755);
    return backend.settingsWith({}, { command: await PulumiCommand.get({ root, skipVersionCheck: true }) });
  }
});
