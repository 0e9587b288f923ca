import { expect } from "chai";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { catalog, goSpecs, readGoModule, readRequirements, type GoSpec } from "../../toolchain/catalog.ts";
import { systemContext } from "../../toolchain/context.ts";
import { compareVersions, parseVersion, whyGoTooOld } from "../../toolchain/versions.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFile(join(root, path), "utf8");
const pythonTools = [catalog.moto, catalog.go];

describe("the committed tool versions", () => {
  it("belong to tools that the catalogue knows by their own names, in the folders that there are", async () => {
    for (const [key, { name }] of Object.entries(catalog)) expect(name).to.equal(key);
    const folders = (await readdir(join(root, "toolchain"), { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name)).to.have.members([...new Set(Object.values(catalog).map(({ folder }) => folder))]);
  });

  it("are one for all of Kubernetes: its own module and every one of its parts", async () => {
    const { version, files } = await readGoModule(systemContext(), catalog["kube-apiserver"]);
    for (const name of ["kube-controller-manager", "kube-scheduler", "kubectl"] as const) expect(catalog[name].folder).to.equal(catalog["kube-apiserver"].folder);
    const parts = [...files["go.mod"].matchAll(/^\s*k8s\.io\/[\w-]+ => (k8s\.io\/[\w-]+) v(\S+)$/gm)];
    expect(parts).to.have.length.greaterThan(20);
    for (const [, part, pinned] of parts) expect(pinned, part).to.equal(version.replace(/^1\./, "0."));
  });

  it("are one for all of Talos: the module that says the version is talosctl's", async () => {
    const { version, files } = await readGoModule(systemContext(), catalog.talosctl);
    expect(files["go.mod"]).to.contain(`github.com/siderolabs/talos/pkg/machinery v${version}\n`);
  });

  it("exist once: the CLI's is the SDK's in package.json", async () => {
    const { dependencies } = JSON.parse(await text("package.json")) as { dependencies: Record<string, string> };
    const module = await readGoModule(systemContext(), catalog.pulumi);
    expect(module.version).to.equal(dependencies["@pulumi/pulumi"]);
    expect(module.files["go.mod"]).to.contain(`github.com/pulumi/pulumi/sdk/v3 v${module.version}\n`);
  });

  it("can all be built by the Go of the Python package index", async () => {
    const { version } = await readRequirements(systemContext(), catalog.go);
    for (const tool of goSpecs) expect(whyGoTooOld(version, (await readGoModule(systemContext(), tool)).goVersion)).to.equal(undefined);
  });

  for (const tool of goSpecs) {
    it(`name the package of ${tool.name} in its tools.go, and every module in its go.sum`, async () => {
      const { files } = await readGoModule(systemContext(), tool);
      expect(files["tools.go"]).to.contain(`"${tool.package}"`);
      const wanted = [...files["go.mod"].matchAll(/^\s*(?:require )?([\w.~/-]+\.[\w.~/-]+) (v\S+)/gm)];
      expect(wanted.length).to.be.greaterThan(10);
      for (const [, module = "", version = ""] of wanted) expect(files["go.sum"], module).to.contain(`${replacement(files["go.mod"], module) ?? `${module} ${version}`} h1:`);
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

/** "module version" that a go.mod puts in place of a module. */
function replacement(mod: string, module: string): string | undefined {
  const escaped = module.replaceAll(".", "\\.");
  return new RegExp(`^(?:replace)?\\s*${escaped} => (\\S+ v\\S+)$`, "m").exec(mod)?.[1];
}

describe("what is built into a Go program", () => {
  const set = (tool: GoSpec, version: string) => [...tool.ldflags(version).matchAll(/-X (\S+)=(\S+)/g)].map(([, name, value]) => [name, value]);

  for (const [name, variable, value] of [
    ["pulumi", "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "1.2.3"],
    ["pulumi-language-nodejs", "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "1.2.3"],
    ["matchbox", "github.com/poseidon/matchbox/matchbox/version.Version", "v1.2.3"],
    ["registry", "github.com/distribution/distribution/v3/version.version", "v1.2.3"],
    ["crane", "github.com/google/go-containerregistry/cmd/crane/cmd.Version", "v1.2.3"],
    ["kwok", "sigs.k8s.io/kwok/pkg/consts.Version", "v1.2.3"],
  ] as const) {
    it(`${name} gets its version as upstream's release sets it, and no debug information`, () => {
      expect(set(catalog[name], "1.2.3")).to.deep.equal([[variable, value]]);
      expect(catalog[name].ldflags("1.2.3")).to.match(/^-s -w /);
    });
  }

  for (const name of ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"] as const) {
    it(`${name} gets its version at both places where upstream's release sets it`, () => {
      const values = [["gitVersion", "v1.34.2"], ["gitMajor", "1"], ["gitMinor", "34"]] as const;
      const places = ["k8s.io/client-go/pkg/version", "k8s.io/component-base/version"];
      expect(set(catalog[name], "1.34.2")).to.have.deep.members(places.flatMap((place) => values.map(([key, value]) => [`${place}.${key}`, value])));
    });
  }

  for (const name of ["talosctl", "etcd"] as const) {
    it(`${name} gets nothing: its version is in its source`, () => expect(catalog[name].ldflags()).to.equal("-s -w"));
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
