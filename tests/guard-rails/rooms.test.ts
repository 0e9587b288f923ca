import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";

const checkout = join(import.meta.dirname, "../..");
const config = join(checkout, ".dependency-cruiser.cjs");
const { forbidden } = createRequire(import.meta.url)(config) as { forbidden: { name: string }[] };

/** For each rule a tree of files that breaks it, and it only by that. */
const plants: Record<string, Record<string, string>> = {
  "common-imports": { "common/a.ts": 'import "../stacks/b.ts";', "stacks/b.ts": "export {};" },
  "components-imports": { "components/a.ts": 'import "../stacks/b.ts";', "stacks/b.ts": "export {};" },
  "stacks-imports": { "stacks/a.ts": 'import "../gates/b.ts";', "gates/b.ts": "export {};" },
  "gates-imports": { "gates/a.ts": 'import "../worlds/b.ts";', "worlds/b.ts": "export {};" },
  "worlds-imports": { "worlds/a.ts": 'import "../rehearsal/b.ts";', "rehearsal/b.ts": "export {};" },
  "toolchain-imports": { "toolchain/a.ts": 'import "../automation/b.ts";', "automation/b.ts": "export {};" },
  "rehearsal-imports": { "rehearsal/a.ts": 'import "../automation/b.ts";', "automation/b.ts": "export {};" },
  "lab-imports": { "lab/a.ts": 'import "../automation/b.ts";', "automation/b.ts": "export {};" },
  "the-lab-is-known-to-its-tests-only": { "automation/a.ts": 'import "../lab/b.ts";', "lab/b.ts": "export {};" },
  "rehearsal-is-known-to-the-composition-root-only": { "automation/verbs/a.ts": 'import "../../rehearsal/b.ts";', "rehearsal/b.ts": "export {};" },
  "gates-know-settings-not-programs": { "gates/a.ts": 'import "../stacks/network.ts";', "stacks/network.ts": "export {};" },
  "components-touch-nothing": { "components/a.ts": 'import "node:fs";' },
  "no-tests-in-the-product": { "stacks/a.ts": 'import "chai";' },
  "no-circles": {
    "stacks/a.ts": 'import { b } from "./b.ts"; export const a = () => b;',
    "stacks/b.ts": 'import { a } from "./a.ts"; export const b = () => a;',
  },
  "not-to-unresolvable": { "stacks/a.ts": 'import "./nowhere.ts";' },
};

describe("the rules between rooms", () => {
  it("each have a planted violation", () => {
    expect(Object.keys(plants).sort()).to.deep.equal(forbidden.map(({ name }) => name).sort());
  });

  for (const [rule, files] of Object.entries(plants)) {
    it(`find what breaks ${rule}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "moonback-rooms-"));
      try {
        plant(folder, files);
        const { stdout, exitCode } = await execa(join(checkout, "node_modules/.bin/depcruise"), ["--config", config, "--output-type", "err", "."], { cwd: folder, reject: false });
        expect(stdout).to.match(new RegExp(`error ${rule}: `));
        expect(exitCode).to.not.equal(0);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

function plant(folder: string, files: Record<string, string>): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "planted", type: "module", devDependencies: { chai: "*" } }));
  symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${text}\n`);
  }
}
