import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { catalog, readGoModule, readRequirements } from "../../toolchain/catalog.ts";
import { systemContext } from "../../toolchain/context.ts";
import { compareVersions, parseVersion, whyGoTooOld } from "../../toolchain/versions.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFile(join(root, path), "utf8");
const goTools = [catalog.pulumi, catalog["pulumi-language-nodejs"]];
const pythonTools = [catalog.moto, catalog.go];

describe("the committed tool versions", () => {
  it("exist once: the CLI's is the SDK's in package.json", async () => {
    const { dependencies } = JSON.parse(await text("package.json")) as { dependencies: Record<string, string> };
    const module = await readGoModule(systemContext(), catalog.pulumi);
    expect(module.version).to.equal(dependencies["@pulumi/pulumi"]);
    expect(module.files["go.mod"]).to.contain(`github.com/pulumi/pulumi/sdk/v3 v${module.version}\n`);
  });

  it("can all be built by the Go of the Python package index", async () => {
    const { version } = await readRequirements(systemContext(), catalog.go);
    for (const tool of goTools) expect(whyGoTooOld(version, (await readGoModule(systemContext(), tool)).goVersion)).to.equal(undefined);
  });

  for (const tool of goTools) {
    it(`name the package of ${tool.name} in its tools.go, and every module in its go.sum`, async () => {
      const { files } = await readGoModule(systemContext(), tool);
      expect(files["tools.go"]).to.contain(`"${tool.package}"`);
      const wanted = [...files["go.mod"].matchAll(/^\s*(?:require )?([\w.~/-]+\.[\w.~/-]+) (v\S+)/gm)];
      expect(wanted.length).to.be.greaterThan(10);
      for (const [, module = "", version = ""] of wanted) expect(files["go.sum"], module).to.contain(`${module} ${version}`);
    });
  }

  for (const tool of pythonTools) {
    it(`pin ${tool.distribution} as its requirements.in asks, everything by hash, and no index`, async () => {
      const { version, text: pinned } = await readRequirements(systemContext(), tool);
      expect(await text(`toolchain/${tool.folder}/requirements.in`)).to.match(new RegExp(`^${tool.distribution}(\\[.*\\])?==${version}$`, "m"));
      const entries = pinned.replaceAll("\\\n", "").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      expect(entries).to.not.be.empty;
      for (const entry of entries) expect(entry).to.match(/^[\w.-]+==\S+.*--hash=sha256:[0-9a-f]{64}/);
      expect(pinned).to.not.match(/:\/\/|index-url|find-links/);
    });
  }
});

describe("versions", () => {
  for (const [older, newer] of [
    ["v3.254.9", "3.255.0"], ["3.255.0-alpha.1", "3.255.0"], ["go1.25rc1", "1.25"], ["1.9.9", "1.10"], ["3.9.2", "3.10"],
  ] as const) {
    it(`${older} comes before ${newer}`, () => {
      expect(compareVersions(parseVersion(older)!, parseVersion(newer)!)).to.be.lessThan(0);
      expect(compareVersions(parseVersion(newer)!, parseVersion(older)!)).to.be.greaterThan(0);
    });
  }

  it("are not made up from text without one", () => {
    expect(parseVersion("nothing here")).to.equal(undefined);
  });
});
