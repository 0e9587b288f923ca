import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { confirm } from "../../automation/confirm.ts";
import { checkout, directoriesOf, projectDirectory } from "../../automation/directories.ts";
import { shellExports } from "../../automation/verbs/env.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { loadEnvironment } from "../../stacks/config.ts";

describe("shell exports", () => {
  const values = ["plain", "with space", "it's", "''", `"double"`, "$HOME `id` $(id) \\ \\n", "line\nbreak\n", "", "*", "-n", "ü ✔", "!history", "a;b&c|d>e", "trailing\\"];
  for (const value of values) {
    it(`give a real shell exactly ${JSON.stringify(value)}`, () => {
      const script = `${shellExports({ MOONBACK_TEST: value }).join("\n")}\nprintf %s "$MOONBACK_TEST"; env | grep -c ^MOONBACK_TEST= >&2`;
      expect(execFileSync("sh", ["-eu", "-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })).to.equal(value);
    });

    it(`survive eval with ${JSON.stringify(value)}`, () => {
      const lines = shellExports({ MOONBACK_TEST: value }).join("\n");
      const printed = execFileSync("sh", ["-eu", "-c", 'eval "$LINES_TO_EVALUATE"; printf %s "$MOONBACK_TEST"'], { encoding: "utf8", env: { PATH: process.env["PATH"], LINES_TO_EVALUATE: lines } });
      expect(printed).to.equal(value);
    });
  }

  it("reach the programs that the shell starts", () => {
    const [line] = shellExports({ MOONBACK_TEST: "seen" });
    expect(execFileSync("sh", ["-c", `${line ?? ""}; sh -c 'printf %s "$MOONBACK_TEST"'`], { encoding: "utf8" })).to.equal("seen");
  });

  it("take away what must not be set", () => {
    const lines = shellExports({ AWS_PROFILE: undefined, A: "1" });
    expect(lines).to.deep.equal(["unset AWS_PROFILE", "export A='1'"]);
    const script = `${lines.join("\n")}\nprintf %s "\${AWS_PROFILE-none}"`;
    expect(execFileSync("sh", ["-eu", "-c", script], { encoding: "utf8", env: { PATH: process.env["PATH"], AWS_PROFILE: "work" } })).to.equal("none");
  });
});

describe("a question", () => {
  const signal = new AbortController().signal;
  const real = Object.getOwnPropertyDescriptor(process.stdin, "isTTY");
  beforeEach(() => Object.defineProperty(process.stdin, "isTTY", { value: undefined, configurable: true }));
  afterEach(() => {
    if (real === undefined) Reflect.deleteProperty(process.stdin, "isTTY");
    else Object.defineProperty(process.stdin, "isTTY", real);
  });

  it("is refused where nobody can answer it", async () => {
    const error = await confirm("Take down demo?", false, signal).then(() => undefined, (thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError).and.include({
      exitCode: ExitCode.usage, message: "Take down demo? Nobody is here to answer.", fix: "Add --yes if that is what you want.",
    });
  });

  it("is not asked where it was answered before", async () => {
    await confirm("Take down demo?", true, signal);
  });
});

describe("folders", () => {
  const rehearsal = loadEnvironment(checkout, "rehearsal");
  const demo = { ...rehearsal, name: "demo", target: "aws" as const };

  it("of a local world are in the project", () => {
    expect(directoriesOf(rehearsal, { MOONBACK_DIR: "/p", XDG_STATE_HOME: "/s" })).to.deep.equal({
      runData: "/p/.moonback/rehearsal",
      ledger: "/p/.moonback/rehearsal/ledger.ndjson",
      logs: "/p/.moonback/rehearsal/logs",
      state: "/p/.moonback/rehearsal/state",
      passphrase: "/p/.moonback/rehearsal/passphrase",
      runLock: "/p/.moonback/rehearsal/run.lock",
      processes: "/p/.moonback/rehearsal/processes",
      exports: "/p/.moonback/rehearsal/exports",
    });
  });

  it("of an account keep state and passphrase outside the project", () => {
    expect(directoriesOf(demo, { MOONBACK_DIR: "/p", XDG_STATE_HOME: "/s" })).to.include({
      runData: "/p/.moonback/demo", state: "/s/moonback/demo/state", passphrase: "/s/moonback/demo/passphrase",
    });
  });

  for (const given of ["", "relative/state"]) {
    it(`are the home's where XDG_STATE_HOME is ${JSON.stringify(given)}`, () => {
      expect(directoriesOf(demo, { MOONBACK_DIR: "/p", XDG_STATE_HOME: given }).state).to.equal(join(homedir(), ".local/state/moonback/demo/state"));
    });
  }

  it("are the home's where XDG_STATE_HOME is not set", () => {
    expect(directoriesOf(demo, {}).state).to.equal(join(homedir(), ".local/state/moonback/demo/state"));
  });

  it("are the checkout's unless MOONBACK_DIR names another, and absolute", () => {
    expect(projectDirectory({})).to.equal(checkout);
    expect(projectDirectory({ MOONBACK_DIR: "" })).to.equal(checkout);
    expect(projectDirectory({ MOONBACK_DIR: "/p" })).to.equal("/p");
    expect(projectDirectory({ MOONBACK_DIR: "p" })).to.equal(join(process.cwd(), "p"));
  });
});
