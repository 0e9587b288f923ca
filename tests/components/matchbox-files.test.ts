import { expect } from "chai";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { matchboxFiles, renderMatchboxFiles } from "../../components/render/matchbox-files.ts";
import { renderMatchboxNode } from "../../components/render/matchbox-node.ts";

describe("the program that changes what matchbox serves", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "moonback-matchbox-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (args: readonly string[], input = "") => {
    const program = join(folder, "matchbox-files.py");
    writeFileSync(program, renderMatchboxFiles().replace(matchboxFiles.data, join(folder, "data")));
    chmodSync(program, 0o755);
    return execa("python3", [program, ...args], { input, reject: false });
  };
  const data = (...path: string[]): string => join(folder, "data", ...path);

  it("puts a node's files there, for its own eyes only, and takes them away", async () => {
    const files = renderMatchboxNode({ name: "talos-node-1", mac: "02:00:00:00:00:01", variant: "spin-only", bastion: "10.10.0.100", machineConfig: "secret: yes\n" });
    expect((await run(["put"], JSON.stringify(files))).exitCode).to.equal(0);
    for (const [path, content] of Object.entries(files)) {
      expect(readFileSync(data(path), "utf8")).to.equal(content);
      expect(statSync(data(path)).mode & 0o777).to.equal(0o600);
    }
    expect(readdirSync(data()).sort(), "nothing half made").to.deep.equal(["generic", "groups", "profiles"]);
    expect((await run(["remove", "talos-node-1"])).exitCode).to.equal(0);
    for (const path of Object.keys(files)) expect(existsSync(data(path))).to.equal(false);
    expect((await run(["remove", "talos-node-1"])).exitCode, "gone already").to.equal(0);
  });

  for (const path of ["groups/../../../etc/passwd.json", "/etc/passwd", "groups/default.yaml", "assets/talos.json", "groups/a/b.json", "groups/.json", "generic/x.json"]) {
    it(`refuses ${path}, and puts nothing`, async () => {
      const { exitCode, stderr } = await run(["put"], JSON.stringify({ "groups/talos-node-1.json": "{}", [path]: "x" }));
      expect(exitCode).to.equal(1);
      expect(stderr).to.include("is not a file of a node");
      expect(existsSync(data("groups/talos-node-1.json"))).to.equal(false);
    });
  }

  it("refuses a name that is a path, and says how it is called", async () => {
    expect((await run(["remove", "../x"])).stderr).to.include("is not the name of a node");
    expect((await run([])).stderr).to.include("put, or remove NAME");
  });

  it("matchbox must not take a config for a template", () => {
    expect(() => renderMatchboxNode({ name: "n", mac: "02:00:00:00:00:01", variant: "spin-only", bastion: "10.10.0.100", machineConfig: "a: '{{ .secret }}'" })).to.throw("holds {{");
  });
});
