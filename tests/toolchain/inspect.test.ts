import { expect } from "chai";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir } from "../../toolchain/context.ts";
import { inspect } from "../../toolchain/inspect.ts";
import { platformProblem, resolveTool } from "../../toolchain/toolchain.ts";
import { newWorld, rejection, withGo, withoutSite, withPython, type World } from "./world.ts";

const made = [
  "pulumi", "pulumi-language-nodejs", "moto", "matchbox", "registry", "crane",
  "talosctl", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok",
] as const;

async function report(world: World, name: string, env: NodeJS.ProcessEnv = {}) {
  const reports = await inspect(world.context({ env: { PATH: world.bin, ...env } }));
  expect(reports.map((one) => one.name)).to.deep.equal(["node", "npm", "python", "go", "git", ...made]);
  return reports.find((one) => one.name === name)!;
}

describe("inspecting the tools", () => {
  it("looks without building, downloading or making the cache", async () => {
    await using world = await newWorld();
    await withGo(world);
    await withPython(world);
    for (const name of made) {
      expect(await report(world, name)).to.have.property("willBuild", true);
    }
    expect(world.calls.every((call) => ["version", "--version", "-c"].includes(call.args[0]!))).to.equal(true);
    expect((await rejection(access(world.cacheDir))).message).to.contain("ENOENT");
  });

  it("finds what the cache has", async () => {
    await using world = await newWorld();
    await withGo(world);
    await withPython(world);
    withoutSite(world);
    for (const name of made) {
      const { version, source, path } = await resolveTool(world.context(), name);
      const seen = await report(world, name);
      expect(seen.found).to.deep.equal({ version, source, path });
      expect(seen).to.not.have.any.keys("problem", "fix", "willBuild");
    }
  });

  it("says why a pulumi on PATH is not used, without asking for action", async () => {
    await using world = await newWorld();
    await withGo(world);
    const path = await world.program("pulumi");
    world.on((request) => (request.command === path ? { stdout: "v3.100.0" } : undefined));
    const seen = await report(world, "pulumi");
    expect(seen).to.deep.equal({
      name: "pulumi", wanted: "3.255.0 or newer of the same major version", willBuild: true,
      problem: `${path} is not used: it is version 3.100.0, older than 3.255.0`,
    });
  });

  it("names what to install on an empty machine", async () => {
    await using world = await newWorld();
    for (const [name, fix] of [
      ["npm", /npm comes with Node/], ["python", /apt-get install python3 python3-venv/], ["go", /install Go 1\.25\.11/],
      ["git", /apt-get install git/], ["pulumi", /install Go/], ["pulumi-language-nodejs", /install Go/], ["moto", /apt-get install python3/],
      ["matchbox", /install Go/], ["registry", /install Go/], ["crane", /install Go/], ["talosctl", /install Go/], ["kube-apiserver", /install Go/],
    ] as const) {
      const seen = await report(world, name);
      expect(seen.fix, name).to.match(fix);
      expect(seen.problem, name).to.be.a("string");
      expect(seen, name).to.not.have.any.keys("found", "willBuild");
    }
    expect(await report(world, "node")).to.have.nested.property("found.path", process.execPath);
  });

  it("says that Go comes from the Python package index when the machine's is too old", async () => {
    await using world = await newWorld();
    const go = await withGo(world, "1.19.8");
    await withPython(world);
    expect(await report(world, "go")).to.deep.equal({
      name: "go", wanted: "1.25.11 or newer", problem: `${go} is not used: it is Go 1.19.8, older than 1.25.11`, willBuild: true,
    });
  });

  it("asks for a Go that can build every module", async () => {
    await using world = await newWorld();
    const [go, mod] = [await withGo(world), join(world.context().modulesDir, "crane/go.mod")];
    await withPython(world);
    await writeFile(mod, (await readFile(mod, "utf8")).replace("go 1.25.11", "go 1.27.0"));
    expect(await report(world, "go")).to.deep.equal({
      name: "go", wanted: "1.27.0 or newer", problem: `${go} is not used: it is Go 1.26.8, older than 1.27.0`, willBuild: true,
    });
  });

  it("reads the versions of npm and git", async () => {
    await using world = await newWorld();
    const git = await world.program("git");
    world.on((request) => (request.command === git ? { stdout: "git version 2.39.5" } : undefined));
    expect((await report(world, "git")).found).to.deep.equal({ version: "2.39.5", source: "path", path: git });
  });
});

describe("the platform of the rehearsal", () => {
  for (const [platform, arch, fits] of [
    ["linux", "x64", true], ["linux", "arm64", false], ["darwin", "arm64", false], ["darwin", "x64", false], ["win32", "x64", false],
  ] as const) {
    it(`${platform} ${arch} ${fits ? "fits" : "is refused with a reason"}`, () => {
      const problem = platformProblem(platform, arch);
      if (fits) expect(problem).to.equal(undefined);
      else expect(problem).to.contain(`this is ${platform} ${arch}: it needs`);
    });
  }
});

describe("the cache folder", () => {
  for (const [env, folder] of [
    [{ HOME: "/h" }, "/h/.cache/moonback"],
    [{ HOME: "/h", XDG_CACHE_HOME: "/x" }, "/x/moonback"],
    [{ HOME: "/h", XDG_CACHE_HOME: "relative" }, "/h/.cache/moonback"],
    [{ HOME: "/h", XDG_CACHE_HOME: "/x", MOONBACK_CACHE_DIR: "/m" }, "/m"],
    [{ HOME: "/h", MOONBACK_CACHE_DIR: "m" }, join(process.cwd(), "m")],
  ] as const) {
    it(`is ${folder} with ${JSON.stringify(env)}`, () => {
      expect(defaultCacheDir(env)).to.equal(folder);
    });
  }
});
