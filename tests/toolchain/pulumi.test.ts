import { expect } from "chai";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ExitCode } from "../../common/errors.ts";
import { resolveTool } from "../../toolchain/toolchain.ts";
import { hurriedClock, isBuild, isSiteInstall, makeExecutable, newWorld, refusal, rejection, withGo, withoutSite, type World } from "./world.ts";

/** A CLI on PATH that says this version. */
async function withCli(world: World, version: string, host = true): Promise<string> {
  const path = await world.program("pulumi");
  if (host) await world.program("pulumi-language-nodejs");
  world.on((request) => (request.command === path ? { stdout: version } : undefined));
  return path;
}

/** A site that serves this version, host included. */
function withSite(world: World, version = "v3.255.0"): void {
  world.on(async (request) => {
    if (!isSiteInstall(request)) return undefined;
    const bin = join(request.args[1]!, "bin");
    await makeExecutable(join(bin, "pulumi"));
    await makeExecutable(join(bin, "pulumi-language-nodejs"));
    return {};
  });
  world.on((request) => (request.command.includes("/.partial-") && request.args[0] === "version" ? { stdout: version } : undefined));
}

const forced = (world: World, source: string) => world.context({ env: { PATH: world.bin, MOONBACK_PULUMI_SOURCE: source } });

describe("where the Pulumi CLI comes from", () => {
  for (const version of ["v3.255.0", "v3.255.7", "v3.300.1"]) {
    it(`PATH, when it says ${version}, with the host beside it`, async () => {
      await using world = await newWorld();
      const path = await withCli(world, version);
      expect(await resolveTool(world.context(), "pulumi")).to.deep.equal({ name: "pulumi", version: version.slice(1), source: "path", path });
      expect(await resolveTool(world.context(), "pulumi-language-nodejs")).to.deep.equal({
        name: "pulumi-language-nodejs", version: version.slice(1), source: "path", path: join(world.bin, "pulumi-language-nodejs"),
      });
      expect(world.calls.some(isSiteInstall)).to.equal(false);
    });
  }

  for (const [version, why] of [
    ["v3.254.9", "it is version 3.254.9, older than 3.255.0"],
    ["v3.255.0-alpha.1", "it is version 3.255.0-alpha.1, older than 3.255.0"],
    ["v4.0.0", "it is version 4.0.0, another major version than 3.255.0"],
    ["what?", 'its version cannot be read (it said "what?")'],
  ] as const) {
    it(`not PATH, when it says ${version}`, async () => {
      await using world = await newWorld();
      const path = await withCli(world, version);
      withSite(world);
      const tool = await resolveTool(world.context(), "pulumi");
      expect(tool.source).to.equal("site");
      expect(world.lines).to.include(`${path} is not used: ${why}`);
    });
  }

  it("Pulumi's site next, with its own host, once", async () => {
    await using world = await newWorld();
    withSite(world);
    const cli = await resolveTool(world.context(), "pulumi");
    const host = await resolveTool(world.context(), "pulumi-language-nodejs");
    const again = await resolveTool(world.context(), "pulumi");
    expect(cli).to.include({ version: "3.255.0", source: "site" });
    expect(host).to.include({ version: "3.255.0", source: "site" });
    expect(host.path).to.equal(join(cli.path, "../pulumi-language-nodejs"));
    expect(again).to.deep.equal(cli);
    expect(world.calls.filter(isSiteInstall)).to.have.length(1);
  });

  it("a build where the site does not answer, which is asked once", async () => {
    await using world = await newWorld();
    await withGo(world);
    withoutSite(world);
    const cli = await resolveTool(world.context(), "pulumi");
    expect(cli).to.include({ version: "3.255.0", source: "built" });
    expect(await resolveTool(world.context(), "pulumi-language-nodejs")).to.include({ version: "3.55.0", source: "built" });
    expect(world.calls.filter(isSiteInstall)).to.have.length(1);
    expect(world.lines[1]).to.equal("Pulumi's site did not serve the CLI: fetch failed (getaddrinfo ENOTFOUND); building it instead");
    expect(await world.leftovers("pulumi")).to.be.empty;
  });

  it("remembers for an hour that the site did not answer, even when nothing was built", async () => {
    await using world = await newWorld();
    await withGo(world);
    withoutSite(world);
    const clock = hurriedClock();
    const context = world.context({ clock });
    world.on((request) => (isBuild(request) ? { ok: false } : undefined));
    await rejection(resolveTool(context, "pulumi"));
    await rejection(resolveTool(context, "pulumi"));
    expect(world.calls.filter(isSiteInstall)).to.have.length(1);
    await clock.wait(61 * 60 * 1000);
    await rejection(resolveTool(context, "pulumi"));
    expect(world.calls.filter(isSiteInstall)).to.have.length(2);
  });

  it("asks the site again after the clock was set back: else it would be years until that hour is over", async () => {
    await using world = await newWorld();
    await withGo(world);
    withoutSite(world);
    const clock = hurriedClock();
    const context = world.context({ clock });
    world.on((request) => (isBuild(request) ? { ok: false } : undefined));
    await rejection(resolveTool(context, "pulumi"));
    await clock.wait(-24 * 60 * 60 * 1000);
    await rejection(resolveTool(context, "pulumi"));
    expect(world.calls.filter(isSiteInstall)).to.have.length(2);
  });

  it("a build when the site serves another version, and keeps nothing of it", async () => {
    await using world = await newWorld();
    await withGo(world);
    withSite(world, "v3.200.0");
    world.on((request) => (request.command.includes("/.partial-") && world.calls.some(isBuild) ? { stdout: "v3.255.0" } : undefined));
    expect(await resolveTool(world.context(), "pulumi")).to.include({ source: "built" });
    expect(world.lines).to.include(`Pulumi's site served version "3.200.0" instead of 3.255.0; building it instead`);
    const entries = (await readdir(join(world.cacheDir, "tools/pulumi"))).filter((name) => name.startsWith("3."));
    expect(entries).to.have.length(1);
  });

  it("a build when the download stops growing, and the installer is ended", async () => {
    await using world = await newWorld();
    await withGo(world);
    let ended = false;
    world.on((request) => {
      if (!isSiteInstall(request)) return undefined;
      return new Promise((_, reject) => {
        request.signal?.addEventListener("abort", () => {
          ended = true;
          reject(request.signal?.reason as Error);
        });
      });
    });
    expect(await resolveTool(world.context(), "pulumi")).to.include({ source: "built" });
    expect(ended).to.equal(true);
    expect(world.lines).to.include("Pulumi's site stopped answering for 20 s; building it instead");
  });

  it("hands the installer a scratch folder that goes away with the entry", async () => {
    await using world = await newWorld();
    withSite(world);
    const { path } = await resolveTool(world.context(), "pulumi");
    const call = world.calls.find(isSiteInstall)!;
    expect(call.env["TMPDIR"]).to.equal(join(call.args[1]!, "tmp"));
    expect(await readdir(join(path, "../.."))).to.have.members(["bin", "manifest.json"]);
  });
});

describe("MOONBACK_PULUMI_SOURCE", () => {
  it("build leaves PATH and the site alone", async () => {
    await using world = await newWorld();
    await withCli(world, "v3.255.0");
    withSite(world);
    await withGo(world);
    expect(await resolveTool(forced(world, "build"), "pulumi")).to.include({ source: "built" });
    expect(await resolveTool(forced(world, "build"), "pulumi-language-nodejs")).to.include({ source: "built", version: "3.55.0" });
    expect(world.calls.some(isSiteInstall)).to.equal(false);
  });

  it("site leaves PATH alone and fails where the site does", async () => {
    await using world = await newWorld();
    await withCli(world, "v3.255.0");
    withoutSite(world);
    for (let time = 1; time <= 2; time++) {
      const error = await refusal(resolveTool(forced(world, "site"), "pulumi"));
      expect(error.message).to.equal("Pulumi's site did not serve the CLI: fetch failed (getaddrinfo ENOTFOUND)");
      expect(world.calls.filter(isSiteInstall), "it is asked every time").to.have.length(time);
    }
  });

  it("path fails where PATH has none that fits, and says why", async () => {
    await using world = await newWorld();
    const none = await refusal(resolveTool(forced(world, "path"), "pulumi"));
    expect(none.message).to.equal("MOONBACK_PULUMI_SOURCE allows only the pulumi on PATH, and there is none");
    const path = await withCli(world, "v3.1.0");
    const old = await rejection(resolveTool(forced(world, "path"), "pulumi"));
    expect(old.message).to.contain(`${path} is not used: it is version 3.1.0, older than 3.255.0`);
  });

  it("path takes a CLI without its host, whose host is built", async () => {
    await using world = await newWorld();
    await withCli(world, "v3.255.0", false);
    await withGo(world);
    expect(await resolveTool(forced(world, "path"), "pulumi")).to.include({ source: "path" });
    expect(await resolveTool(forced(world, "path"), "pulumi-language-nodejs")).to.include({ source: "built", version: "3.55.0" });
  });

  it("refuses other words", async () => {
    await using world = await newWorld();
    const error = await refusal(resolveTool(forced(world, "brew"), "pulumi"));
    expect(error.message).to.equal('MOONBACK_PULUMI_SOURCE is "brew"; allowed are path, site, build');
    expect(error.exitCode).to.equal(ExitCode.usage);
  });
});
