import { expect } from "chai";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { resolveTool } from "../../toolchain/toolchain.ts";
import { newWorld, refusal, withPython } from "./world.ts";

describe("tools from the Python package index", () => {
  it("are installed by hash, wheels only, into an environment of their own", async () => {
    await using world = await newWorld();
    const python = await withPython(world);
    const env = { PATH: world.bin, PYTHONPATH: "/elsewhere", PIP_TARGET: "/elsewhere", PIP_USER: "1", PIP_INDEX_URL: "mirror" };
    const tool = await resolveTool(world.context({ env }), "moto");
    expect(tool).to.include({ name: "moto", version: "5.2.5", source: "installed" });
    expect(tool.path).to.match(/\/tools\/moto\/5\.2\.5-[0-9a-f]{12}\/venv\/bin\/python$/);
    expect(world.calls[1]).to.deep.include({ command: python, args: ["-m", "venv", join(world.calls[1]!.cwd!, "venv")] });
    const pip = world.calls[2]!;
    expect(pip.command).to.equal(join(pip.cwd!, "venv/bin/python"));
    expect(pip.args).to.include.members(["--require-hashes", "--only-binary", ":all:", "--requirement"]);
    expect(pip.env).to.include({ PIP_USER: "0", PIP_INDEX_URL: "mirror" }).and.not.have.any.keys("PYTHONPATH", "PIP_TARGET");
    expect(world.calls.slice(3).map((call) => call.args.slice(0, 2))).to.deep.equal([["-m", "compileall"], ["-c", "import moto.server"]]);
  });

  it("are installed once for each minor version of Python", async () => {
    await using world = await newWorld();
    await withPython(world);
    const first = await resolveTool(world.context(), "moto");
    const second = await resolveTool(world.context(), "moto");
    await withPython(world, { version: [3, 11, 9] });
    const patched = await resolveTool(world.context(), "moto");
    await withPython(world, { version: [3, 13, 0] });
    const other = await resolveTool(world.context(), "moto");
    expect(second).to.deep.equal(first);
    expect(patched).to.deep.equal(first);
    expect(other.path).to.not.equal(first.path);
    expect(world.calls.filter((call) => call.args[1] === "pip")).to.have.length(2);
  });

  it("keep no scripts that name the folder they were made in", async () => {
    await using world = await newWorld();
    await withPython(world);
    const { path } = await resolveTool(world.context(), "moto");
    expect(await readdir(join(path, ".."))).to.deep.equal(["python"]);
  });

  it("use the system's pip from outside where ensurepip is missing", async () => {
    await using world = await newWorld();
    const python = await withPython(world, { ensurepip: false });
    const tool = await resolveTool(world.context(), "moto");
    const [, venv, pip] = world.calls;
    expect(venv!.args.slice(0, 3)).to.deep.equal(["-m", "venv", "--without-pip"]);
    expect(pip!.command).to.equal(python);
    expect(pip!.args.slice(-2)).to.deep.equal(["--target", join(pip!.cwd!, "venv/lib/python3.11/site-packages")]);
    expect(pip!.args).to.include("--require-hashes");
    expect(tool.path).to.match(/venv\/bin\/python$/);
  });

  it("use another Python when the first is too old", async () => {
    await using world = await newWorld();
    await withPython(world, { version: [3, 9, 2] });
    const newer = await withPython(world, { name: "python3.12", version: [3, 12, 1] });
    await resolveTool(world.context(), "moto");
    expect(world.calls.find((call) => call.args[1] === "venv")).to.have.property("command", newer);
  });

  it("use another Python when the first cannot make an environment", async () => {
    await using world = await newWorld();
    await withPython(world, { ensurepip: false, pip: false });
    const able = await withPython(world, { name: "python3.12", version: [3, 12, 1] });
    await resolveTool(world.context(), "moto");
    expect(world.calls.find((call) => call.args[1] === "venv")).to.have.property("command", able);
  });

  it("say what to install when no Python can make an environment", async () => {
    await using world = await newWorld();
    const python = await withPython(world, { ensurepip: false, pip: false });
    const error = await refusal(resolveTool(world.context(), "moto"));
    expect(error.message).to.equal(`${python} (3.11.2) has neither venv nor pip, so it cannot make an environment`);
    expect(error.fix).to.contain("sudo apt-get install python3-venv");
  });

  it("say what to install when there is no Python, or only an old one", async () => {
    await using world = await newWorld();
    const none = await refusal(resolveTool(world.context(), "moto"));
    expect(none.message).to.equal("Python 3.10 or newer is needed, and none is on PATH");
    const python = await withPython(world, { version: [3, 9, 2] });
    const old = await refusal(resolveTool(world.context(), "moto"));
    expect(old.message).to.equal(`Python 3.10 or newer is needed, and found only ${python} (3.9.2)`);
    expect(old.fix).to.contain("apt-get install python3 python3-venv");
  });

  it("leave nothing when pip fails, and say what pip said", async () => {
    await using world = await newWorld();
    await withPython(world);
    world.on((request) => (request.args[1] === "pip" ? { ok: false, tail: ["ERROR: No matching distribution found for moto"], ending: "exited with 1" } : undefined));
    const error = await refusal(resolveTool(world.context(), "moto"));
    expect(error.message).to.contain("installing moto 5.2.5 failed: python -m pip install exited with 1\n  | ERROR: No matching");
    expect(error.fix).to.contain("check the network");
    expect(await readdir(join(world.cacheDir, "tools/moto"))).to.be.empty;
  });
});
