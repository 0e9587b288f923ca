import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { commandLine } from "../../automation/cli.ts";
import { checkout } from "../../automation/directories.ts";
import { gates } from "../../gates/registry.ts";
import { ndjson, newProject, type Answer, type Project } from "./project.ts";

const verbs = ["up", "preview", "gates", "down", "adopt", "unlock", "status", "report", "env", "logs", "render", "doctor"];
const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

describe("the command line", function () {
  this.timeout(60_000);
  let project: Project;
  beforeEach(() => (project = newProject()));
  afterEach(() => project[Symbol.dispose]());

  describe("asked for help", () => {
    it("lists every verb and every exit code on stdout, and is done", async () => {
      const { exitCode, stdout, stderr } = await project.moonback("--help");
      expect([exitCode, stderr]).to.deep.equal([0, ""]);
      for (const verb of verbs) expect(stdout).to.match(new RegExp(`^  ${verb} `, "m"));
      for (const code of ["0 done", "1 failed", "2 usage", "3 a gate is red", "4 refused", "5 locked", "130 interrupted"]) expect(stdout).to.include(code);
    });

    it("knows the same verbs as package.json's scripts", () => {
      const program = commandLine(new AbortController().signal, { opened: () => undefined, done: () => undefined });
      expect(program.commands.map((command) => command.name()).sort()).to.deep.equal([...verbs].sort());
      const { scripts } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { scripts: Record<string, string> };
      for (const verb of verbs) expect(scripts[verb], `npm run ${verb}`).to.equal(`node automation/moonback.mjs ${verb}`);
    });

    for (const verb of verbs) {
      it(`about ${verb} gives its options and an example that names it`, async () => {
        const { exitCode, stdout, stderr } = await project.moonback(verb, "--help");
        expect([exitCode, stderr]).to.deep.equal([0, ""]);
        expect(stdout).to.match(/--json +/).and.match(new RegExp(`Examples:\n(.*\n)*.*npm run (--silent )?${verb}\\b`));
      });
    }
  });

  describe("used wrongly exits 2, with the reason in a line and what to do next, nothing on stdout, nothing touched", () => {
    const wrong: Record<string, { args: readonly string[]; reason: string; next: string }> = {
      "an unknown verb": { args: ["fly"], reason: "unknown command 'fly'", next: "`npm run help` shows every verb and its options." },
      "an unknown option": { args: ["up", "--fly"], reason: "unknown option '--fly'", next: "`npm run help` shows every verb and its options." },
      "an option of another verb": { args: ["status", "--yes"], reason: "unknown option '--yes'", next: "`npm run help` shows every verb and its options." },
      "an option without its value": { args: ["up", "--through"], reason: "option '--through <stage>' argument missing", next: "`npm run help`" },
      "an argument too many": { args: ["up", "rehearsal", "demo"], reason: "too many arguments for 'up'. Expected 1 argument but got 2.", next: "`npm run help`" },
      "an unknown environment": { args: ["up", "rehearsel"], reason: 'There is no environment "rehearsel"', next: 'Did you mean "rehearsal"?' },
      "a path for an environment": { args: ["status", "../rehearsal"], reason: 'There is no environment "../rehearsal"', next: 'Did you mean "rehearsal"?' },
      "an unknown stage to build through": { args: ["up", "--through", "roof"], reason: 'There is no stage "roof".', next: "Stages: network" },
      "an unknown stage to build from": { args: ["up", "--from", "roof"], reason: 'There is no stage "roof".', next: "Stages: network" },
      "an unknown stage to preview": { args: ["preview", "--stage", "roof"], reason: 'There is no stage "roof".', next: "Stages: network" },
      "an unknown stage to stop at": { args: ["down", "--yes", "--to", "roof"], reason: 'There is no stage "roof".', next: "Stages: network" },
      "an unknown gate": { args: ["gates", "--only", "01,99"], reason: 'There is no gate "99".', next: "Known gates: 01" },
      "a teardown that nobody agrees to": { args: ["down"], reason: "Take down rehearsal at", next: "Add --yes if that is what you want." },
    };
    for (const [what, { args, reason, next }] of Object.entries(wrong)) {
      it(what, async () => {
        const { exitCode, stdout, stderr } = await project.moonback(...args);
        expect([exitCode, stdout]).to.deep.equal([2, ""]);
        expect(lines(stderr)).to.have.length(2);
        const [first = "", second = ""] = lines(stderr);
        expect(first.startsWith(`✗ ${reason}`), first).to.equal(true);
        expect(second.startsWith(`◎ next: ${next}`), second).to.equal(true);
        expect(project.touched("rehearsal")).to.equal(false);
      });
    }

    it("nothing at all: the help is the answer", async () => {
      const { exitCode, stderr } = await project.moonback();
      expect(exitCode).to.equal(2);
      expect(stderr).to.include("Usage: moonback").and.not.include("✗");
    });

    it("env, in a shell that evaluates what it prints: the eval fails too", async () => {
      const { exitCode, stdout } = await project.moonback("env", "nowhere");
      expect([exitCode, stdout]).to.deep.equal([2, "false"]);
    });

    it("another environment in a shell that looks at one", async () => {
      const { exitCode, stderr } = await project.moonback.with({ MOONBACK_ENV: "rehearsal" })("gates", "demo");
      expect(exitCode).to.equal(2);
      expect(stderr).to.include("This shell looks at environment rehearsal").and.include("next: Use another shell for demo.");
    });

    it("tells programs the same as NDJSON", async () => {
      const some = ["an unknown option", "an unknown environment", "an unknown stage to stop at", "an unknown gate"];
      await Promise.all(
        some.map(async (what) => {
          const { args, reason, next } = wrong[what]!;
          const { exitCode, stdout } = await project.moonback(...args, "--json");
          const [error, ...rest] = ndjson(stdout);
          expect([exitCode, rest]).to.deep.equal([2, []]);
          expect(error).to.include({ kind: "error", exitCode: 2 });
          expect(error!["message"]).to.be.a("string").that.includes(reason);
          expect(error!["fix"]).to.be.a("string").that.includes(next);
        }),
      );
    });
  });

  describe("with a typo in the settings", () => {
    beforeEach(() => {
      const file = join(project.folder, "Pulumi.rehearsal.yaml");
      project.write("Pulumi.rehearsal.yaml", readFileSync(file, "utf8").replace("region:", "regoin:").replace("flowLogRetentionDays: 7", "flowLogRetentionDays: 8"));
    });

    for (const args of [["up"], ["preview"], ["gates"], ["down", "--yes"], ["status"], ["env"]]) {
      it(`${args.join(" ")} exits 2 with every problem and touches nothing`, async () => {
        const { exitCode, stdout, stderr } = await project.moonback(...args);
        // What a shell evaluates must fail there too, or its user goes on in the wrong world.
        expect([exitCode, stdout]).to.deep.equal([2, args[0] === "env" ? "false" : ""]);
        expect(stderr).to.include("✗ Pulumi.rehearsal.yaml has 2 problems; nothing was touched.");
        expect(stderr).to.match(/^ {2}regoin \(line \d+\)$/m).and.include("did you mean region?");
        expect(stderr).to.match(/^ {2}network\.flowLogRetentionDays \(line \d+\)$/m).and.include("1, 3, 5, 7, 14, 30, 60, 90");
        expect(project.touched("rehearsal")).to.equal(false);
      });
    }

    it("tells programs in one line of JSON", async () => {
      const { exitCode, stdout } = await project.moonback("up", "--json");
      expect(exitCode).to.equal(2);
      const [error, ...rest] = ndjson(stdout);
      expect(rest).to.deep.equal([]);
      expect(error).to.include({ kind: "error", exitCode: 2 });
      expect(error?.["message"]).to.include("regoin").and.include("network.flowLogRetentionDays");
      expect((error?.["problems"] as { key: string }[]).map(({ key }) => key)).to.have.members(["regoin", "network.flowLogRetentionDays"]);
    });

    it("tells nobody the whole of a secret that was put into the wrong place", async () => {
      const secret = "a-secret-that-somebody-pasted-here-by-mistake";
      using other = newProject();
      other.write("Pulumi.rehearsal.yaml", readFileSync(join(other.folder, "Pulumi.rehearsal.yaml"), "utf8").replace("eu-west-1\n", `${secret}\n`));
      for (const args of [["up"], ["up", "--json"]]) {
        const { exitCode, stdout, stderr } = await other.moonback(...args);
        expect(exitCode).to.equal(2);
        expect(stdout + stderr).to.include("region").and.not.include(secret);
      }
    });
  });

  describe("on a world that is not there", () => {
    const summary = ({ stdout }: Answer) => {
      const checks = ndjson(stdout).filter(({ kind }) => kind === "check");
      return checks.map(({ check, status }) => `${String(check)} ${String(status)}`).sort();
    };

    /** What `gates` looks at unless it is told to exercise. */
    const observed = gates.flatMap(({ checks }) => checks.filter(({ kind }) => kind === "observe"));

    it("gates exits 3 with every check red, none green, none not applicable", async () => {
      const answer = await project.moonback("gates", "--json");
      expect(answer.exitCode).to.equal(3);
      expect(summary(answer)).to.deep.equal(observed.map(({ id }) => `${id} red`).sort());
      for (const event of ndjson(answer.stdout).filter(({ kind }) => kind === "check")) {
        expect(event).to.include({ via: "stand-in" });
        expect(event["error"]).to.match(/^nobody answers: /);
      }
      const [ended] = ndjson(answer.stdout).slice(-1);
      expect(ended).to.include({ kind: "run", verb: "gates", status: "red" });
      expect(readFileSync(join(project.folder, ".moonback/rehearsal/ledger.ndjson"), "utf8").trimEnd()).to.equal(answer.stdout);
    });

    it("gates tells people each claim, the evidence and the next command", async () => {
      const { exitCode, stdout, stderr } = await project.moonback("gates");
      expect([exitCode, stdout]).to.deep.equal([3, `rehearsal: 0 of ${gates.length} gates green; red: ${gates.map(({ number }) => number).join(", ")}.`]);
      for (const { id, title } of observed) expect(stderr).to.match(new RegExp(`^✗ ${id.replaceAll(".", "\\.")} `, "m")).and.include(title);
      expect(stderr).to.include("nobody answers").and.include("next: `npm run preview -- rehearsal`").and.not.include("✔");
    });

    it("status says so, fast as it asks nobody, and again after a run", async () => {
      const before = await project.moonback("status");
      expect(before.exitCode).to.equal(0);
      expect(lines(before.stdout).slice(0, 2)).to.satisfy(([world, run]: string[]) => world!.endsWith(", stopped") && run === "no run yet");
      expect(before.stdout).to.match(/^ {2}network +not built; gate 01 never run$/m);
      expect(project.touched("rehearsal")).to.equal(false);
      await project.moonback("gates");
      const after = await project.moonback("status", "--json");
      const [status, ...rest] = ndjson(after.stdout);
      expect(rest).to.deep.equal([]);
      expect(status).to.deep.include({ kind: "status", environment: "rehearsal", world: "stopped" });
      expect(status).to.have.nested.property("lastRun.status", "red");
      expect(status).to.have.nested.property("stages[0].gates[0].status", "red");
    });
  });

  describe("on an AWS account", () => {
    it("up names everything that the settings lack, and touches nothing", async () => {
      const { exitCode, stdout, stderr } = await project.moonback("up", "demo", "--yes");
      expect([exitCode, stdout]).to.deep.equal([2, ""]);
      const named = [...stderr.matchAll(/^ {2}(\S+)$/gm)].map((match) => match[1]);
      expect(named).to.include.members(["awsAccountId", "operatorPrefix", "image.spin-only"]);
      expect(project.touched("demo")).to.equal(false);
    });

    it("up without credentials says which it needs", async () => {
      const { exitCode, stdout, stderr } = await project.moonback("up", "complete", "--yes");
      expect([exitCode, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/credentials/i).and.include("AWS_PROFILE").and.include("AWS_ACCESS_KEY_ID").and.include("aws sso login");
      expect(stderr).to.not.include("operatorPrefix");
    });

    for (const args of [["preview"], ["down", "--yes"]]) {
      it(`${args.join(" ")} without credentials says which it needs`, async () => {
        const [verb = "", ...options] = args;
        const { exitCode, stderr } = await project.moonback(verb, "complete", ...options);
        expect(exitCode).to.equal(2);
        expect(stderr).to.match(/credentials/i).and.include("AWS_PROFILE");
      });
    }
  });

  it("tells an old Node in a sentence, before anything else is loaded", async () => {
    const old = 'data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.5" } })';
    const { exitCode, stdout, stderr } = await execa(process.execPath, ["--import", old, join(checkout, "automation/moonback.mjs"), "--help"], { reject: false });
    expect([exitCode, stdout]).to.deep.equal([2, ""]);
    expect(lines(stderr)[0]).to.match(/^✗ Node 20\.19\.5 cannot run this: it needs \d+\.\d+ or newer\.$/);
    expect(lines(stderr)[1]).to.match(/^ +next: /);
  });
});
