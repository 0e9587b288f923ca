import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { isDeadHolder, lockHolders, saysLocked, stackLocked } from "../../automation/recovery/stack-lock.ts";
import { ExitCode } from "../../common/errors.ts";

const nobody = 999_999_999;
const line = (who: string): string => `\n  file:///s/.pulumi/locks/organization/moon-and-back/lab-network/6a3.json: created by ${who} at 2026-01-02T03:04:05Z`;
/** As a file backend says it, in what the Automation API makes of a command's failure. */
const refused = (...who: readonly string[]): string =>
  `code: 255\n stdout: Updating (lab-network):\n\n stderr: error: the stack is currently locked by ${who.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.${who.map(line).join("")}\n err?: undefined\n`;

describe("who holds the lock of a stack", () => {
  it("is read from the engine's error, however many they are and whatever they are called", () => {
    expect(lockHolders(refused("ann@lab (pid 7)", "ann@corp.example@lab-2 (pid 8)", "ann of the lab@lab (pid 9)", "CORP\\ann@lab (pid 10)"))).to.deep.equal([
      { user: "ann", host: "lab", pid: 7, since: "2026-01-02T03:04:05Z" }, { user: "ann@corp.example", host: "lab-2", pid: 8, since: "2026-01-02T03:04:05Z" },
      { user: "ann of the lab", host: "lab", pid: 9, since: "2026-01-02T03:04:05Z" }, { user: "CORP\\ann", host: "lab", pid: 10, since: "2026-01-02T03:04:05Z" },
    ]);
  });

  it("is nobody where no one is named", () => {
    for (const text of ["", "error: [409] Conflict: Another update is currently in progress.", "created by ann@lab", "created by ann@lab (pid x) at noon"]) expect(lockHolders(text), text).to.deep.equal([]);
  });

  it("is what an error is about that says so, and no other", () => {
    expect([refused("ann@lab (pid 7)"), "error: [409] Conflict: Another update is currently in progress.\nTo learn more …"].map(saysLocked)).to.deep.equal([true, true]);
    expect(["", "error: no stack named 'lab-network' found", "DependencyViolation: the network interface is currently in use", "OperationAborted: A conflicting conditional operation is in progress"].map(saysLocked)).to.deep.equal([false, false, false, false]);
  });

  it("is named once, though the error stands on both streams of the command", () => {
    const { message } = stackLocked("lab-network", `${refused("ann@lab (pid 7)", "bob@lab (pid 8)")}${refused("ann@lab (pid 7)", "bob@lab (pid 8)")}`);
    expect(message).to.include("locked by ann@lab (pid 7) since 2026-01-02T03:04:05Z and bob@lab (pid 8) since 2026-01-02T03:04:05Z").and.not.match(/ann.*ann|bob.*bob/s);
  });

  describe("is dead", () => {
    const started = async (name: string, test: (pid: number) => void): Promise<void> => {
      const folder = mkdtempSync(join(tmpdir(), "moonback-holder-"));
      symlinkSync("/bin/sleep", join(folder, name));
      const child = execa(join(folder, name), ["600"], { reject: false });
      try {
        test(child.pid ?? 0);
      } finally {
        child.kill("SIGKILL");
        await child;
        rmSync(folder, { recursive: true });
      }
    };

    it("where nobody has its number", () => {
      expect(isDeadHolder({ host: hostname(), pid: nobody })).to.equal(true);
    });

    it("where another program has its number", () => started("postgres", (pid) => expect(isDeadHolder({ host: hostname(), pid })).to.equal(true)));

    for (const name of ["pulumi", ".pulumi-wrapped", "pulumi-3.255.0"]) {
      it(`but not where it is called ${name}`, () => started(name, (pid) => expect(isDeadHolder({ host: hostname(), pid })).to.equal(false)));
    }

    it("but not on another machine, whatever has its number here", () => {
      expect([nobody, process.pid].map((pid) => isDeadHolder({ host: "elsewhere", pid }))).to.deep.equal([false, false]);
    });
  });

  it("is said, with the way out: exit 5", () => {
    const message = ({ message: text, exitCode, fix }: ReturnType<typeof stackLocked>): unknown[] => [text, exitCode, fix];
    expect(message(stackLocked("lab-network", refused("ann@elsewhere (pid 7)", `bob@${hostname()} (pid ${nobody})`)))).to.deep.equal([
      `The stack lab-network is locked by ann@elsewhere (pid 7) since 2026-01-02T03:04:05Z and bob@${hostname()} (pid ${nobody}) since 2026-01-02T03:04:05Z.`,
      ExitCode.locked, "Wait for that run to end, then try again. If it is gone for good, `npm run unlock -- lab`.",
    ]);
    expect(message(stackLocked("lab-network", refused(`bob@${hostname()} (pid ${nobody})`)))).to.deep.equal([
      `The stack lab-network is locked by bob@${hostname()} (pid ${nobody}) since 2026-01-02T03:04:05Z, which no longer runs.`, ExitCode.locked, "`npm run up -- lab` clears it.",
    ]);
    expect(message(stackLocked("lab-network", "[409] Conflict"))).to.include("The stack lab-network is locked by another run.");
  });
});
