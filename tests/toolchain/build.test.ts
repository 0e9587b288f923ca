import { expect } from "chai";
import { mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { catalog } from "../../toolchain/catalog.ts";
import { keptFile, resolveTool } from "../../toolchain/toolchain.ts";
import { isBuild, isFresh, newWorld, refusal, withGo, withoutSite, withPython } from "./world.ts";

const build = { MOONBACK_PULUMI_SOURCE: "build" };

describe("building from a Go module", () => {
  it("pins everything that decides the result and stays out of the checkout", async () => {
    await using world = await newWorld();
    const go = await withGo(world);
    const hostile = { GOFLAGS: "-mod=mod", GOWORK: "/elsewhere/go.work", GOROOT: "/elsewhere", GOOS: "plan9", GOTOOLCHAIN: "auto", CGO_ENABLED: "1" };
    const env = { PATH: world.bin, GOPROXY: "mirror", ...build, ...hostile };
    const { path } = await resolveTool(world.context({ env }), "pulumi");
    const call = world.calls.find(isBuild)!;
    const version = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
    expect(call.command).to.equal(go);
    expect(call.args.slice(0, 5)).to.deep.equal(["build", "-v", "-gcflags=all=-dwarf=false", "-ldflags", `-s -w -X ${version}=3.255.0`]);
    expect(call.args.at(-1)).to.equal("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi");
    expect(call.env).to.include({
      GOFLAGS: "-trimpath -mod=readonly", GOWORK: "off", GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOOS: process.platform, GOPROXY: "mirror",
    });
    expect(call.env["GOROOT"]).to.equal(undefined);
    expect(call.cwd).to.match(new RegExp(`^${world.cacheDir}/tools/pulumi/\\.partial-${process.pid}-`));
    expect(await readdir(join(path, "../.."))).to.have.members(["bin", "manifest.json"]);
  });

  it("keeps files of the module beside the program, which a cleared module cache does not take along", async () => {
    await using world = await newWorld();
    await withGo(world);
    const tool = await resolveTool(world.context(), "talosctl");
    await rm(join(world.root, "mod"), { recursive: true });
    expect(await readFile(keptFile(tool, "api.descriptors"), "utf8")).to.equal("api/api.descriptors of its module");
    expect(await readdir(join(tool.path, "../.."))).to.have.members(["bin", "keep", "manifest.json"]);
    const [build, list] = [world.calls.find(isBuild)!, world.calls.find(({ args }) => args[0] === "list")!];
    expect(list).to.include({ cwd: build.cwd, command: build.command });
    expect({ ...list.env, GOTMPDIR: build.env["GOTMPDIR"] }).to.deep.equal(build.env);
  });

  it("makes nothing of a module whose kept file is missing", async () => {
    await using world = await newWorld();
    const go = await withGo(world);
    world.on((request) => (request.command === go && request.args[0] === "list" ? { ok: false, ending: "exited with 1" } : undefined));
    const error = await refusal(resolveTool(world.context(), "talosctl"));
    expect(error.message).to.equal("building talosctl 1.11.5 failed: go list exited with 1");
    expect(await world.leftovers("talosctl")).to.be.empty;
  });

  it("tells what it starts, and how far it is at least every 10 s", async () => {
    await using world = await newWorld();
    await withGo(world);
    world.on(async (request) => {
      if (!isBuild(request)) return undefined;
      for (const line of ["go: downloading a v1", "go: downloading b v1", "example.org/a/b"]) request.onLine?.(line);
      while (world.lines.length < 8) await new Promise(setImmediate);
      return undefined;
    });
    await resolveTool(world.context({ env: { PATH: world.bin, ...build } }), "pulumi");
    expect(world.lines[0]).to.equal("building pulumi 3.255.0 from its Go module (about 4 min on 2 cores, once)");
    expect(world.lines[1]).to.equal("building pulumi 3.255.0: 10 s, 2 modules downloaded, 1 packages compiled");
    expect(world.lines[7]).to.equal("building pulumi 3.255.0: 1 min 10 s, 2 modules downloaded, 1 packages compiled");
  });

  it("explains a failure with the end of its output, the log and what to try", async () => {
    await using world = await newWorld();
    await withGo(world);
    const tail = ["go: downloading example.org/a v1.0.0", "example.org/a@v1.0.0: dial tcp 10.0.0.1:443: i/o timeout"];
    world.on((request) => (isBuild(request) ? { ok: false, tail, ending: "exited with 1" } : undefined));
    const error = await refusal(resolveTool(world.context({ env: { PATH: world.bin, ...build } }), "pulumi"));
    expect(error.message.replaceAll(world.cacheDir, "CACHE")).to.equal(
      [
        "building pulumi 3.255.0 failed: go build exited with 1",
        "  | go: downloading example.org/a v1.0.0",
        "  | example.org/a@v1.0.0: dial tcp 10.0.0.1:443: i/o timeout",
        "the whole output is in CACHE/logs/pulumi-3.255.0.log",
      ].join("\n"),
    );
    expect(error.fix).to.equal(
      "check the network; behind a proxy set HTTPS_PROXY, behind a mirror set GOPROXY or PIP_INDEX_URL, then run the same command again",
    );
    expect(await readFile(join(world.cacheDir, "logs/pulumi-3.255.0.log"), "utf8")).to.equal("");
    expect(await world.leftovers("pulumi")).to.be.empty;
  });

  for (const [line, advice] of [
    ["write /c/x: no space left on device", /free about 6 GB/],
    ["verifying a@v1: checksum mismatch", /do not turn the check off/],
    ["compile: signal: killed", /memory ran out/],
    ["THESE PACKAGES DO NOT MATCH THE HASHES", /do not turn the check off/],
    ["syntax error", /read the log/],
  ] as const) {
    it(`knows what to try after "${line}"`, async () => {
      await using world = await newWorld();
      await withGo(world);
      world.on((request) => (isBuild(request) ? { ok: false, tail: [line], ending: "exited with 1" } : undefined));
      const error = await refusal(resolveTool(world.context({ env: { PATH: world.bin, ...build } }), "pulumi"));
      expect(error.fix).to.match(advice);
    });
  }

  for (const [name, args, said, version] of [
    ["matchbox", ["-version"], "v0.11.0\n", "0.11.0"],
    ["registry", ["--version"], "/some/where/registry github.com/distribution/distribution/v3 v3.0.0\n", "3.0.0"],
    ["crane", ["version"], "v0.20.6\n", "0.20.6"],
    ["talosctl", ["version", "--client", "--short"], "Client:\nTalos v1.11.5\n", "1.11.5"],
    ["etcd", ["--version"], "etcd Version: 3.6.6\nGit SHA: Not provided (use ./build instead of go build)\nGo Version: go1.26.8\nGo OS/Arch: linux/amd64\n", "3.6.6"],
    ["kube-apiserver", ["--version"], "Kubernetes v1.34.2\n", "1.34.2"],
    ["kube-controller-manager", ["--version"], "Kubernetes v1.34.2\n", "1.34.2"],
    ["kube-scheduler", ["--version"], "Kubernetes v1.34.2\n", "1.34.2"],
    ["kubectl", ["version", "--client"], "Client Version: v1.34.2\nKustomize Version: v5.7.1\n", "1.34.2"],
    ["kwok", ["--version"], "kwok version v0.7.0 go1.26.8 (linux/amd64)\n", "0.7.0"],
  ] as const) {
    it(`makes ${name} once, and believes it is ${version} because it says so`, async () => {
      await using world = await newWorld();
      await withGo(world);
      world.on((request) => (isFresh(request) ? { stdout: said } : undefined));
      const tool = await resolveTool(world.context(), name);
      expect(tool).to.include({ name, version, source: "built" });
      expect(tool.path).to.match(new RegExp(`^${world.cacheDir}/tools/${name}/${version}-[0-9a-f]{12}/bin/${name}$`));
      expect(world.calls.filter(isFresh).map((call) => call.args)).to.deep.equal([args]);
      expect(await resolveTool(world.context(), name)).to.deep.equal(tool);
      expect(world.calls.filter(isBuild).map((call) => call.args.at(-1))).to.deep.equal([catalog[name].package]);
    });

    for (const [fault, answer] of [
      ["says another version", { stdout: said.replace(version, "9.9.9") }],
      ["says a longer version", { stdout: said.replace(version, `${version}-dirty`) }],
      ["says nothing", { stdout: "" }],
      ["says its version and fails", { stdout: said, ok: false, ending: "exited with 1" }],
    ] as const) {
      it(`refuses a fresh ${name} that ${fault}`, async () => {
        await using world = await newWorld();
        await withGo(world);
        world.on((request) => (isFresh(request) ? answer : undefined));
        const error = await refusal(resolveTool(world.context(), name));
        expect(error.message).to.match(new RegExp(`^the fresh ${name} does not say that it is ${version}: it said "`));
        expect(await readdir(join(world.cacheDir, "tools", name))).to.be.empty;
      });
    }
  }

  it("refuses a fresh program that says another version", async () => {
    await using world = await newWorld();
    await withGo(world);
    world.on((request) => (request.args[0] === "version" && request.command.endsWith("/bin/pulumi") ? { stdout: "v0.0.0" } : undefined));
    const error = await refusal(resolveTool(world.context({ env: { PATH: world.bin, ...build } }), "pulumi"));
    expect(error.message).to.contain('does not say that it is 3.255.0: it said "v0.0.0"');
    expect(await readdir(join(world.cacheDir, "tools/pulumi"))).to.be.empty;
  });
});

describe("which Go builds", () => {
  for (const [name, version, why] of [
    ["too old", "1.19.8", "/go is not used: it is Go 1.19.8, older than 1.25.11"],
    ["a release candidate", "1.25rc1", "/go is not used: it is Go 1.25rc1, older than 1.25.11"],
  ] as const) {
    it(`ours from the Python package index when the machine's is ${name}`, async () => {
      await using world = await newWorld();
      const go = await withGo(world, version);
      await withPython(world);
      withoutSite(world);
      await resolveTool(world.context(), "pulumi");
      const call = world.calls.find(isBuild)!;
      expect(call.command).to.not.equal(go);
      expect(call.command).to.match(/\/tools\/go\/1\.27\.3-[0-9a-f]{12}\/venv\/lib\/python3\.11\/site-packages\/go\/bin\/go$/);
      expect(call.env).to.include({
        GOMODCACHE: join(world.cacheDir, "go/mod"), GOCACHE: join(world.cacheDir, "go/build"), GOFLAGS: "-trimpath -mod=readonly -modcacherw",
      });
      expect(world.lines).to.include(`using Go 1.27.3 from the Python package index: ${world.bin}${why}`);
    });
  }

  it("ours when the machine has none, fetched once for both programs", async () => {
    await using world = await newWorld();
    await withGo(world);
    await withPython(world);
    withoutSite(world);
    const onlyPython = join(world.root, "only-python");
    await mkdir(onlyPython);
    await symlink(join(world.bin, "python3"), join(onlyPython, "python3"));
    world.on((request) => (request.command === join(onlyPython, "python3") ? { stdout: pythonAnswer(world.bin) } : undefined));
    const context = world.context({ env: { PATH: onlyPython } });
    await resolveTool(context, "pulumi");
    await resolveTool(context, "pulumi-language-nodejs");
    expect(world.calls.filter((call) => call.args[1] === "pip")).to.have.length(1);
    expect(world.calls.filter(isBuild)).to.have.length(2);
  });
});

const pythonAnswer = (bin: string) =>
  JSON.stringify({ version: [3, 11, 2], path: join(bin, "python3"), venv: true, ensurepip: true, pip: true });
