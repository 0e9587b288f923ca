import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { expect } from "chai";
import { execa } from "execa";
import { parseDeployment, pendingOf, resourcesOf, type PendingOperation, type RecordedResource } from "../../automation/recovery/deployment.ts";
import { Exports } from "../../automation/recovery/exports.ts";
import { forgetExports, keepGoodState, type Recovery } from "../../automation/recovery/recover-stage.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { project } from "../../stacks/project.ts";
import { Backend, begun, canary, made, provider, stack } from "./backend.ts";
import { network, newLab, vpc, type Listed } from "./recoverer.ts";

const gateway = made("aws:ec2/internetGateway:InternetGateway", "gateway");
const pending = (type: string, resource: RecordedResource): PendingOperation => ({ type, resource: begun(resource) });

describe("the recovery of a stage", () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await Backend.make();
  });
  afterEach(() => backend[Symbol.dispose]());

  const folder = (): string => join(backend.exports, stack);
  const kept = (reason: string): string[] => (existsSync(folder()) ? readdirSync(folder()).filter((name) => name.includes(`-${reason}.json`)).map((name) => readFileSync(join(folder(), name), "utf8")) : []);
  /** What the file says now: ids of the VPCs, and what is pending. */
  const state = (): { vpcs: (string | undefined)[]; pending: number } => {
    const { latest } = backend.read().checkpoint;
    const deployment = parseDeployment(JSON.stringify({ version: 3, deployment: latest }));
    if (deployment === undefined) throw new Error("it is no state");
    return { vpcs: resourcesOf(deployment).filter(({ type }) => type === vpc.type).map(({ id, delete: old }) => (old === true ? `${id ?? "?"} to delete` : id)), pending: pendingOf(deployment).length };
  };
  /** Recovers with these VPCs in AWS. */
  async function recovered(listed: readonly string[] | Listed, settleMs?: number): Promise<{ recovery: Recovery; said: string }> {
    const lab = newLab(backend, typeof listed === "function" ? listed : () => listed, settleMs);
    return { recovery: await lab.recover(), said: lab.captured.stderr() };
  }
  const refused = async (listed: readonly string[] | Listed): Promise<UserError> => {
    const error = await recovered(listed).then(() => "no failure", (thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError);
    return error as UserError;
  };
  const nobodyAsked: Listed = () => { throw new Error("AWS was asked"); };

  it("does nothing where nothing is wrong", async () => {
    await backend.fill([provider, vpc]);
    const before = readFileSync(backend.checkpoint, "utf8");
    expect(await recovered(nobodyAsked)).to.deep.equal({ recovery: { mended: [], incomplete: false }, said: "" });
    expect([readFileSync(backend.checkpoint, "utf8"), existsSync(folder())]).to.deep.equal([before, false]);
  });

  it("says that the state is incomplete where nothing was ever built", async () => {
    expect((await recovered(nobodyAsked)).recovery).to.deep.equal({ mended: [], incomplete: true });
    await backend.pulumi("stack", "rm", "--yes", "-s", stack);
    expect((await recovered(nobodyAsked)).recovery).to.deep.equal({ mended: [], incomplete: true });
    expect(existsSync(folder())).to.equal(false);
  });

  it("records what was made and not recorded, and keeps the state as it was found", async () => {
    await backend.fill([provider, gateway], [pending("creating", vpc)]);
    const { recovery, said } = await recovered(["vpc-9"]);
    expect(recovery).to.deep.equal({ mended: ["vpc was made as vpc-9: recorded"], incomplete: false });
    expect(state()).to.deep.equal({ vpcs: ["vpc-9"], pending: 0 });
    expect(said).to.match(/⚠ stage network: a run that was killed had begun one operation and not recorded how it ended; the state as found is kept in \S* ?\S*before-recovery\.json\n✔ stage network: vpc was made as vpc-9: recorded/);
    const [found = ""] = kept("before-recovery");
    expect([pendingOf(parseDeployment(found) ?? { version: 3, deployment: {} }).length, found.includes("ciphertext"), found.includes(canary)]).to.deep.equal([1, true, false]);
    expect((await recovered(nobodyAsked)).recovery.mended, "once").to.deep.equal([]);
  });

  it("forgets what was not made", async () => {
    await backend.fill([provider], [pending("creating", vpc)]);
    expect((await recovered([])).recovery.mended).to.deep.equal(["vpc was not made: forgotten"]);
    expect(state()).to.deep.equal({ vpcs: [], pending: 0 });
  });

  it("waits as long as AWS may take to list what it has accepted", async () => {
    await backend.fill([provider], [pending("creating", vpc)]);
    let asked = 0;
    expect((await recovered(() => ((asked += 1) < 3 ? [] : ["vpc-9"]), 5_000)).recovery.mended).to.deep.equal(["vpc was made as vpc-9: recorded"]);
    expect(asked).to.equal(3);
  });

  it("does not take the one that is being replaced for the new one", async () => {
    await backend.fill([provider, vpc], [pending("creating", vpc)]);
    expect((await recovered(["vpc-1"])).recovery.mended).to.deep.equal(["vpc was not made: forgotten"]);
    expect(state()).to.deep.equal({ vpcs: ["vpc-1"], pending: 0 });
    await backend.fill([provider, vpc], [pending("creating", vpc)]);
    await recovered(["vpc-1", "vpc-9"]);
    expect(state()).to.deep.equal({ vpcs: ["vpc-9", "vpc-1 to delete"], pending: 0 });
  });

  it("leaves what was updated, deleted or read to the refresh that follows", async () => {
    for (const type of ["updating", "deleting", "reading", "importing"]) {
      await backend.fill([provider, vpc], [pending(type, vpc)]);
      const { recovery } = await recovered(nobodyAsked);
      expect([recovery.mended, state()]).to.deep.equal([[`vpc was ${type}: what it is now is looked at afresh`], { vpcs: ["vpc-1"], pending: 0 }]);
    }
  });

  it("stops where two could be it, names them, and changes nothing", async () => {
    await backend.fill([provider], [pending("creating", vpc)]);
    const before = readFileSync(backend.checkpoint, "utf8");
    const { message, fix } = await refused(["vpc-8", "vpc-9"]);
    expect(message).to.include("vpc-8 and vpc-9 both carry the tags of vpc");
    expect(fix).to.include("Delete all but one").and.include("npm run up -- lab");
    expect(readFileSync(backend.checkpoint, "utf8")).to.equal(before);
    await recovered(["vpc-9"]);
    expect(state()).to.deep.equal({ vpcs: ["vpc-9"], pending: 0 });
  });

  it("records all or none: where AWS does not answer for one, the next run asks for each again", async () => {
    const second = { ...vpc, urn: `${vpc.urn}-two` };
    await backend.fill([provider], [pending("creating", vpc), pending("creating", second)]);
    let asked = 0;
    await refused(() => {
      asked += 1;
      if (asked === 1) return ["vpc-9"];
      throw Object.assign(new Error("Rate exceeded"), { name: "Throttling", $metadata: {} });
    });
    expect(state()).to.deep.equal({ vpcs: [], pending: 2 });
  });

  it("does not overwrite what somebody else has written since: exit 5", async () => {
    await backend.fill([provider], [pending("creating", vpc)]);
    const { exitCode, message } = await refused(async () => {
      await backend.fill([provider, { ...vpc, id: "vpc-theirs" }]);
      return ["vpc-theirs"];
    });
    expect([exitCode, message.includes("another run is at it")]).to.deep.equal([ExitCode.locked, true]);
    expect(state()).to.deep.equal({ vpcs: ["vpc-theirs"], pending: 0 });
  });

  it("does not write where another run holds the stack: exit 5, and the next one goes on", async () => {
    await backend.fill([provider], [pending("creating", vpc)]);
    const lock = backend.lock("a", { pid: 1, hostname: "elsewhere" });
    expect((await refused(["vpc-9"])).exitCode).to.equal(ExitCode.locked);
    expect(state()).to.deep.equal({ vpcs: [], pending: 1 });
    rmSync(lock);
    await recovered(["vpc-9"]);
    expect(state()).to.deep.equal({ vpcs: ["vpc-9"], pending: 0 });
  });

  describe("of a damaged state", () => {
    const damage = (): void => writeFileSync(backend.checkpoint, '{"version":3,"checkp');
    const lab = () => newLab(backend, () => []);

    it("puts the last good one in its place, says so, and counts as incomplete until somebody has looked to the end", async () => {
      await backend.fill([provider, vpc]);
      const { session } = lab();
      await keepGoodState(network, session, backend.settings);
      damage();
      rmSync(`${backend.checkpoint}.bak`);
      const { recovery, said } = await recovered(nobodyAsked);
      expect([recovery, state()]).to.deep.equal([{ mended: [], incomplete: true }, { vpcs: ["vpc-1"], pending: 0 }]);
      expect(said).to.match(/the state of lab-network is damaged \(.+\): restored from .+-good\.json; the damaged one is kept in .+-before-recovery\.json\n$/);
      expect(kept("before-recovery")).to.deep.equal(['{"version":3,"checkp']);
      expect((await recovered(nobodyAsked)).recovery, "also for the run after one that was killed there").to.deep.equal({ mended: [], incomplete: true });
      new Exports(backend.exports, stack).markComplete();
      expect((await recovered(nobodyAsked)).recovery).to.deep.equal({ mended: [], incomplete: false });
    });

    it("takes the newer one of what was kept and of the backend's own copy, by the time that the engine puts into each", async () => {
      const { session } = lab();
      const built = async (out: number): Promise<void> => {
        const program = (): Promise<object> => Promise.resolve({ out });
        const { command, variables, projectDirectory } = backend.settings;
        await (await LocalWorkspace.selectStack({ stackName: stack, projectName: project, program }, { workDir: projectDirectory, pulumiCommand: command, envVars: { ...variables } })).up();
      };
      const restored = async (): Promise<unknown> => {
        damage();
        const { said } = await recovered(nobodyAsked);
        return [JSON.parse(await backend.pulumi("stack", "output", "--json", "-s", stack)), /restored from .*-good\.json/.test(said)];
      };
      await built(1);
      await keepGoodState(network, session, backend.settings);
      expect(await restored(), "nothing went on since").to.deep.equal([{ out: 1 }, true]);
      await built(2);
      await built(3);
      expect(await restored(), "two operations that nobody kept").to.deep.equal([{ out: 2 }, false]);
    });

    it("looks up what the restored one had begun", async () => {
      await backend.fill([provider], [pending("creating", vpc)]);
      writeFileSync(`${backend.checkpoint}.bak`, readFileSync(backend.checkpoint));
      damage();
      const { recovery } = await recovered(["vpc-9"]);
      expect([recovery, state()]).to.deep.equal([{ mended: ["vpc was made as vpc-9: recorded"], incomplete: true }, { vpcs: ["vpc-9"], pending: 0 }]);
      expect(kept("before-recovery"), "the damaged one and the one with what was pending").to.have.length(2);
    });

    it("takes away one of which a killed run made nothing but the beginning, for the engine to make anew, lock and all", async () => {
      writeFileSync(backend.checkpoint, '{"version":0,"checkpoint":{"stack":"organization/moon-and-back/lab-network"}}');
      rmSync(`${backend.checkpoint}.bak`);
      const lock = backend.lock("a", 999_999_999);
      expect((await recovered(nobodyAsked)).recovery).to.deep.equal({ mended: [], incomplete: true });
      expect([existsSync(backend.checkpoint), existsSync(lock)]).to.deep.equal([false, false]);
    });

    it("restores also one in which there is nothing any more", async () => {
      await backend.fill([provider, vpc]);
      await keepGoodState(network, lab().session, backend.settings);
      writeFileSync(backend.checkpoint, "{}");
      const { recovery, said } = await recovered(nobodyAsked);
      expect([recovery.incomplete, state().vpcs, said.includes("is damaged (there is nothing in it): restored from")]).to.deep.equal([true, ["vpc-1"], true]);
    });

    it("leaves it as it is where there is no other", async () => {
      damage();
      rmSync(`${backend.checkpoint}.bak`);
      expect((await refused([])).message).to.include("there is no earlier one");
      expect(readFileSync(backend.checkpoint, "utf8")).to.equal('{"version":3,"checkp');
    });

    it("loses nothing where the disk is full: neither the damaged one nor the good one is gone", async () => {
      await backend.fill([provider], [pending("creating", vpc)]);
      const good = readFileSync(backend.checkpoint);
      writeFileSync(`${backend.checkpoint}.bak`, good);
      damage();
      mkdirSync(folder(), { recursive: true });
      for (const draft of ["new.json", "import.json"]) {
        symlinkSync("/dev/full", join(folder(), draft));
        expect(String(await recovered(["vpc-9"]).catch((thrown: unknown) => thrown)), draft).to.include("ENOSPC");
        expect([readFileSync(backend.checkpoint, "utf8"), readFileSync(`${backend.checkpoint}.bak`).equals(good)], draft).to.deep.equal(['{"version":3,"checkp', true]);
      }
      await recovered(["vpc-9"]);
      expect(state()).to.deep.equal({ vpcs: ["vpc-9"], pending: 0 });
    });

    it("loses nothing wherever it is killed", async function () {
      this.timeout(180_000);
      await backend.fill([provider, gateway], [pending("creating", vpc)]);
      const good = readFileSync(backend.checkpoint);
      let ended = 0;
      for (let index = 0; index < 10; index += 1) {
        writeFileSync(`${backend.checkpoint}.bak`, good);
        rmSync(folder(), { recursive: true, force: true });
        damage();
        const started = performance.now();
        const run = execa(process.execPath, [join(import.meta.dirname, "recoverer.ts"), backend.folder, "vpc-9"], { reject: false, stdin: "ignore", detached: true });
        // It takes a while to begin at all; the damaged one is kept first, and the state written last.
        while (!existsSync(folder()) && performance.now() - started < 30_000) await delay(5);
        await delay(index * 120);
        // Its CLI along with it: one that goes on is ended by the run lock's own recovery.
        try {
          process.kill(-(run.pid ?? 0), "SIGKILL");
        } catch {
          ended += 1;
        }
        await run;
        await recovered(["vpc-9"]);
        expect(state(), `killed after ${index * 120} ms`).to.deep.equal({ vpcs: ["vpc-9"], pending: 0 });
        expect((await recovered(nobodyAsked)).recovery.incomplete).to.equal(true);
      }
      expect(ended, "most were killed in the middle").to.be.lessThan(8);
    });
  });

  describe("keeps", () => {
    it("the state after what ended well, with its secrets encrypted, and nothing of one that is not there", async () => {
      await backend.fill([provider, vpc]);
      const { session } = newLab(backend, nobodyAsked);
      await keepGoodState(network, session, backend.settings);
      const [good = ""] = kept("good");
      expect([resourcesOf(parseDeployment(good) ?? { version: 3, deployment: {} }).length, good.includes("ciphertext"), good.includes(canary)]).to.deep.equal([3, true, false]);
      await backend.pulumi("stack", "rm", "--yes", "--force", "-s", stack);
      await keepGoodState(network, session, backend.settings);
      expect(kept("good")).to.have.length(1);
    });

    it("nothing of a stage that was taken down", async () => {
      await backend.fill([provider, vpc]);
      const { session } = newLab(backend, nobodyAsked);
      await keepGoodState(network, session, backend.settings);
      forgetExports(network, session);
      expect(existsSync(folder())).to.equal(false);
    });
  });
});
