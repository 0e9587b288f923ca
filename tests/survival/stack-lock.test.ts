import { existsSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { expect } from "chai";
import { execa } from "execa";
import { StageStack } from "../../automation/engine.ts";
import { freeDeadLock, lockHolders, saysLocked } from "../../automation/recovery/stack-lock.ts";
import { readState, writeState } from "../../automation/recovery/state.ts";
import { causeOf } from "../../automation/failures.ts";
import { pulumi } from "../../automation/recovery/pulumi.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { pulumiCli } from "../pulumi-tool.ts";
import { Backend, stack } from "./backend.ts";

const nobody = 999_999_999;

describe("the lock of a stack in a file backend", () => {
  let backend: Backend;
  const locks: string[] = [];
  const lock = (...args: Parameters<Backend["lock"]>): void => void locks.push(backend.lock(...args));
  const left = (): boolean[] => locks.map((file) => existsSync(file));
  before(async () => {
    backend = await Backend.make();
  });
  after(() => backend[Symbol.dispose]());
  afterEach(() => {
    for (const file of locks.splice(0)) rmSync(file, { force: true });
    backend.said.length = 0;
  });

  /** What the real CLI says when it finds the lock. */
  const refusal = async (): Promise<string> => (await pulumi(["refresh", "--yes", "--stack", stack], backend.settings)).stderr;
  /** The CLI itself, at something that lasts: it waits for what it is to import. */
  const livingEngine = (): { readonly pid: number; readonly end: () => Promise<unknown> } => {
    const child = execa(pulumiCli, ["stack", "import", "-s", stack, "--non-interactive"], { cwd: backend.folder, env: backend.settings.variables, reject: false });
    return { pid: child.pid ?? 0, end: async () => child.kill("SIGKILL") && (await child) };
  };
  const write = async (settings = backend.settings): Promise<void> => {
    const state = await readState(stack, settings);
    if (state.kind !== "whole") throw new Error(state.kind);
    await writeState(stack, state.deployment, backend.exports, settings);
  };

  it("names its holders as they are read here", async () => {
    lock("a", nobody);
    lock("b", { pid: 7, hostname: "elsewhere" });
    const said = await refusal();
    expect(saysLocked(said)).to.equal(true);
    expect(lockHolders(said)).to.deep.equal([{ user: "somebody", host: hostname(), pid: nobody, since: "2026-01-02T03:04:05Z" }, { user: "somebody", host: "elsewhere", pid: 7, since: "2026-01-02T03:04:05Z" }]);
  });

  it("is cleared where all who hold it are dead, and that is said", async () => {
    lock("a", nobody);
    lock("b", nobody - 1);
    expect(await freeDeadLock(stack, await refusal(), backend.settings)).to.equal(true);
    expect([left(), backend.said]).to.deep.equal([[false, false], [`the stack ${stack} was locked by somebody@${hostname()} (pid ${nobody}) and somebody@${hostname()} (pid ${nobody - 1}), which no longer runs: the lock is cleared`]]);
    expect(await refusal()).to.not.include("locked");
  });

  it("stays where one of two still works", async () => {
    const engine = livingEngine();
    try {
      lock("a", nobody);
      lock("b", engine.pid);
      expect(await freeDeadLock(stack, await refusal(), backend.settings)).to.equal(false);
      expect([left(), backend.said]).to.deep.equal([[true, true], []]);
    } finally {
      await engine.end();
    }
  });

  it("stays where one of two is on another machine", async () => {
    lock("a", nobody);
    lock("b", { pid: nobody, hostname: "elsewhere" });
    expect(await freeDeadLock(stack, await refusal(), backend.settings)).to.equal(false);
    expect([left(), backend.said]).to.deep.equal([[true, true], []]);
  });

  it("stays where one of two cannot be read out of what is said", async () => {
    lock("a", nobody);
    const said = `${await refusal()}  file:///x.json: created by somebody (no pid)\n`;
    expect(await freeDeadLock(stack, said, backend.settings)).to.equal(false);
    expect(left()).to.deep.equal([true]);
  });

  it("is taken away alone: one that was taken since stays", async () => {
    lock("a", nobody);
    const said = await refusal();
    lock("b", { pid: nobody, hostname: "elsewhere" });
    expect(await freeDeadLock(stack, said, backend.settings)).to.equal(true);
    expect(left()).to.deep.equal([false, true]);
  });

  it("of a backend elsewhere is cleared by the engine, and is not said to be where it could not", async () => {
    lock("a", nobody);
    const said = (await refusal()).replace(/file:\S+/, "s3://states/.pulumi/locks/a.json");
    expect(await freeDeadLock(stack, said, backend.settingsWith({ PULUMI_BACKEND_URL: "file:///nowhere" }))).to.equal(false);
    expect([left(), backend.said]).to.deep.equal([[true], []]);
    expect(await freeDeadLock(stack, said, backend.settings)).to.equal(true);
    expect([left(), backend.said.length]).to.deep.equal([[false], 1]);
  });

  it("of a run that was killed while the engine made the stack, or took it away, is no hindrance to making it", async () => {
    await backend.pulumi("stack", "rm", "--yes", "-s", stack);
    lock("a", nobody);
    const program = (): Promise<void> => Promise.resolve();
    const error = await StageStack.open(stack, program, backend.settingsWith({}, { holdsEnvironment: false })).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError).and.to.include({ exitCode: ExitCode.locked });
    await (await StageStack.open(stack, program, backend.settings)).preview();
    expect(left()).to.deep.equal([false]);
    const made = await StageStack.open(stack, program, backend.settings);
    lock("b", nobody);
    await made.remove();
    expect([left(), await readState(stack, backend.settings)]).to.deep.equal([[false, false], { kind: "none" }]);
    await backend.pulumi("stack", "init", stack);
  });

  it("of a dead run is no hindrance to writing the state, but for a run that does not hold the environment", async () => {
    lock("a", nobody);
    const error = await write(backend.settingsWith({}, { holdsEnvironment: false })).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError).and.to.include({ exitCode: ExitCode.locked });
    expect(left()).to.deep.equal([true]);
    await write();
    expect(left()).to.deep.equal([false]);
  });

  it("of a run elsewhere is: exit 5, with its holder", async () => {
    lock("a", { pid: nobody, hostname: "elsewhere" });
    const error = await write().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError).and.to.include({ exitCode: ExitCode.locked });
    expect((error as UserError).message).to.include(`somebody@elsewhere (pid ${nobody})`);
    expect(left()).to.deep.equal([true]);
  });

  it("of which nothing is left stays, since it may be anybody's: exit 5, with the way out", async () => {
    lock("a", "cut short");
    const error = await write().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError).and.to.include({ exitCode: ExitCode.locked });
    expect((error as UserError).fix).to.include("npm run unlock");
    expect(causeOf(/error: (.*)/.exec(await refusal())?.[1] ?? "")?.means).to.include("cut short");
    expect(left()).to.deep.equal([true]);
  });
});
