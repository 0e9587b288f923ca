import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { directoriesIn } from "../../automation/directories.ts";
import { Exports } from "../../automation/recovery/exports.ts";
import { lastGoodState } from "../../automation/recovery/restore.ts";
import { pendingOf, resourcesOf, type Deployment } from "../../automation/recovery/deployment.ts";
import { UserError } from "../../common/errors.ts";
import { loadEnvironment } from "../../stacks/config.ts";
import { captured, type Captured } from "./capture.ts";

const rehearsal = loadEnvironment(join(import.meta.dirname, "../.."), "rehearsal");
const stack = "lab-network";
const vpc = (id: string) => ({ urn: "urn:vpc", type: "aws:ec2/vpc:Vpc", custom: true, id });
const pending = { type: "creating", resource: { urn: "urn:subnet", type: "aws:ec2/subnet:Subnet", custom: true } };
/** A state with one VPC, written at this minute of an hour. */
const deployment = (id: string, minute: number | undefined, over: object = {}): Deployment["deployment"] => ({
  ...(minute === undefined ? {} : { manifest: { time: `2026-01-02T03:${String(minute).padStart(2, "0")}:00Z` } }), resources: [vpc(id)], ...over,
});

describe("the last good state", () => {
  let root: string;
  let console: Captured;
  let exports: Exports;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "moonback-restore-"));
    console = captured();
    exports = new Exports(directoriesIn(root, root).exports, stack);
    mkdirSync(join(root, "state/.pulumi/stacks/moon-and-back"), { recursive: true });
    writeFileSync(checkpoint(), damaged);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const damaged = Buffer.from([0x7b, 0x22, 0xff, 0x00]);
  const checkpoint = (suffix = ""): string => join(root, `state/.pulumi/stacks/moon-and-back/${stack}.json${suffix}`);
  const copy = (latest: unknown): void => writeFileSync(checkpoint(".bak"), JSON.stringify({ version: 3, checkpoint: { stack, latest } }));
  const keep = (minute: number | undefined, over: object = {}): string => exports.keep(JSON.stringify({ version: 3, deployment: deployment("vpc-kept", minute, over) }), "good", console.time.now);
  const restored = (environment = rehearsal): Deployment => lastGoodState({ stack, exports, session: { directories: directoriesIn(root, root), environment, console: console.console, clock: console.clock } }, "unexpected end");
  const idOf = (one: Deployment): string | undefined => resourcesOf(one)[0]?.id;
  const keptDamaged = (): Buffer[] => readdirSync(exports.folder).filter((name) => name.endsWith("-before-recovery.json")).map((name) => readFileSync(join(exports.folder, name)));

  it("is the backend's own copy where an operation went on after the last one that ended well: it knows what is pending", () => {
    keep(10);
    copy(deployment("vpc-copy", 11, { pending_operations: [pending] }));
    const state = restored();
    expect([idOf(state), pendingOf(state)]).to.deep.equal(["vpc-copy", [pending]]);
    expect(console.stderr()).to.include(`the state of ${stack} is damaged (unexpected end): restored from ${checkpoint(".bak")}; the damaged one is kept in ${exports.folder}`);
  });

  it("is what was kept where nothing went on since: the copy is of the write before", () => {
    const file = keep(10);
    copy(deployment("vpc-copy", 9, { pending_operations: [pending] }));
    expect(idOf(restored())).to.equal("vpc-kept");
    expect(console.stderr()).to.include(`restored from ${file}`);
  });

  it("is what was kept where both are of one write, as after a recovery", () => {
    keep(10);
    copy(deployment("vpc-copy", 10, { pending_operations: [pending] }));
    expect(idOf(restored())).to.equal("vpc-kept");
  });

  it("is what was kept where neither says when it was written", () => {
    keep(undefined);
    copy(deployment("vpc-copy", undefined));
    expect(idOf(restored())).to.equal("vpc-kept");
  });

  it("is the backend's copy where nothing was ever kept, and is kept, since the next write makes that copy one of the damaged state", () => {
    copy(deployment("vpc-copy", 9, { pending_operations: [pending] }));
    expect(idOf(restored())).to.equal("vpc-copy");
    writeFileSync(checkpoint(".bak"), damaged);
    const again = restored();
    expect([idOf(again), pendingOf(again)]).to.deep.equal(["vpc-copy", [pending]]);
  });

  for (const [what, content] of Object.entries<string | Buffer>({
    empty: "", "cut short": '{"version":3,"checkpoint":{"latest":{"resour', zeros: Buffer.alloc(300), "of another kind": '{"version":3,"deployment":{"resources":[]}}',
    "without a deployment": '{"version":3,"checkpoint":{"stack":"x"}}', null: "null",
  })) {
    it(`is what was kept where the backend's copy is damaged as well: ${what}`, () => {
      keep(10);
      writeFileSync(checkpoint(".bak"), content);
      expect(idOf(restored())).to.equal("vpc-kept");
    });
  }

  it("leaves the damaged one to whoever wants to look, byte for byte, each time", () => {
    keep(10);
    restored();
    expect(keptDamaged()).to.deep.equal([damaged]);
    expect(readFileSync(checkpoint())).to.deep.equal(damaged);
    restored();
    expect(keptDamaged()).to.deep.equal([damaged, damaged]);
  });

  it("is not to be had where there is neither: a person is told what can be done, and nothing is written", () => {
    expect(restored).to.throw(UserError, `The state of ${stack} is damaged, and there is no earlier one: unexpected end`);
    try {
      restored();
    } catch (error) {
      expect((error as UserError).fix).to.include("project=moon-and-back, env=rehearsal").and.include(`pulumi stack rm --force -s ${stack}`);
    }
    expect(existsSync(exports.folder)).to.equal(false);
  });

  it("of a shared backend is what was kept: the files of this machine are none of it", () => {
    const shared = { ...rehearsal, stateBackend: "s3://states" };
    copy(deployment("vpc-copy", 11));
    expect(() => restored(shared)).to.throw(UserError, "there is no earlier one");
    const file = keep(10);
    expect(idOf(restored(shared))).to.equal("vpc-kept");
    expect(console.stderr()).to.include(`restored from ${file}\n`);
    expect(keptDamaged()).to.deep.equal([]);
  });
});
