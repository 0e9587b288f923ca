import { expect } from "chai";
import { mkdir, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureEntry, findEntry, type EntryPlan } from "../../toolchain/cache.ts";
import { onCacheDisk } from "../../toolchain/failure.ts";
import { hostTag } from "../../toolchain/process-identity.ts";
import { makeExecutable, newWorld, refusal, rejection } from "./world.ts";

describe("the tool cache", () => {
  const planned = (make: EntryPlan["make"]): EntryPlan => ({
    name: "thing", version: "1.0.0", key: "abc", doing: "building thing 1.0.0", executable: "bin/thing", make,
  });
  const counting = () => {
    const made: string[] = [];
    const plan = planned(async (folder) => {
      made.push(folder);
      await makeExecutable(join(folder, "bin/thing"), "#!/bin/sh\necho thing\n");
    });
    return { made, plan };
  };

  it("makes an entry once and finds it afterwards", async () => {
    await using world = await newWorld();
    const { made, plan } = counting();
    const first = await ensureEntry(world.context(), plan);
    const second = await ensureEntry(world.context(), plan);
    expect(first.executable).to.equal(join(world.cacheDir, "tools/thing/1.0.0-abc/bin/thing"));
    expect(second).to.deep.equal(first);
    expect(made).to.have.length(1);
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.deep.equal(["1.0.0-abc"]);
  });

  it("keeps entries of other keys apart", async () => {
    await using world = await newWorld();
    const { made, plan } = counting();
    await ensureEntry(world.context(), plan);
    await ensureEntry(world.context(), { ...plan, key: "def" });
    expect(made).to.have.length(2);
  });

  it("leaves nothing when making fails", async () => {
    await using world = await newWorld();
    const failing = planned(async (folder) => {
      await makeExecutable(join(folder, "bin/thing"));
      throw new Error("no luck");
    });
    expect((await rejection(ensureEntry(world.context(), failing))).message).to.equal("no luck");
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.be.empty;
  });

  it("refuses to finish an entry without its executable", async () => {
    await using world = await newWorld();
    const error = await rejection(ensureEntry(world.context(), planned(() => Promise.resolve())));
    expect(error.message).to.contain("ENOENT");
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.be.empty;
  });

  it("does not take a folder without a manifest for finished", async () => {
    await using world = await newWorld();
    const { made, plan } = counting();
    await makeExecutable(join(world.cacheDir, "tools/thing/1.0.0-abc/bin/thing"));
    expect(await findEntry(world.context(), plan)).to.equal(undefined);
    await ensureEntry(world.context(), plan);
    expect(made).to.have.length(1);
  });

  for (const [damage, harm] of [
    ["is gone", (file: string) => rm(file)],
    ["lost its permission", (file: string) => rm(file).then(() => writeFile(file, "#!/bin/sh\necho thing\n"))],
    ["was cut short", (file: string) => truncate(file, 3)],
  ] as const) {
    it(`makes an entry anew whose executable ${damage}`, async () => {
      await using world = await newWorld();
      const { made, plan } = counting();
      const { executable } = await ensureEntry(world.context(), plan);
      await harm(executable);
      expect(await findEntry(world.context(), plan)).to.equal(undefined);
      expect(await ensureEntry(world.context(), plan)).to.have.property("executable", executable);
      expect(made).to.have.length(2);
      expect(await readFile(executable, "utf8")).to.contain("echo thing");
      expect(await readdir(join(world.cacheDir, "tools/thing"))).to.deep.equal(["1.0.0-abc"]);
    });
  }

  it("discards its own work when somebody else was faster", async () => {
    await using world = await newWorld();
    const theirs = counting();
    let raced = false;
    const plan = planned(async (folder) => {
      await makeExecutable(join(folder, "bin/thing"), "#!/bin/sh\necho ours\n");
      if (raced) return;
      raced = true;
      // The same entry appears while we work, as from a machine whose lock we cannot see.
      await rm(join(world.cacheDir, "tools/thing/1.0.0-abc.lock"));
      await ensureEntry(world.context(), theirs.plan);
    });
    const entry = await ensureEntry(world.context(), plan);
    expect(await readFile(entry.executable, "utf8")).to.contain("echo thing");
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.deep.equal(["1.0.0-abc"]);
  });

  it("lets two builders in one process share the work", async () => {
    await using world = await newWorld();
    const { made, plan } = counting();
    const [first, second] = await Promise.all([ensureEntry(world.context(), plan), ensureEntry(world.context(), plan)]);
    expect(first).to.deep.equal(second);
    expect(made).to.have.length(1);
  });

  it("sweeps what dead builders left, and only that", async () => {
    await using world = await newWorld();
    const folder = join(world.cacheDir, "tools/thing");
    const parent = process.ppid;
    // No process has this number: it is above Linux's largest.
    const dead = `.partial-4999999-${hostTag}aaaa`;
    const earlier = `.partial-${process.pid}-${hostTag}bbbb`;
    const living = `.partial-${parent}-${hostTag}cccc`;
    const elsewhere = ".partial-4999999-000000dddd";
    for (const name of [dead, earlier, living, elsewhere]) await mkdir(join(folder, name, "bin"), { recursive: true });
    await ensureEntry(world.context(), counting().plan);
    expect((await readdir(folder)).sort()).to.deep.equal([living, elsewhere, "1.0.0-abc"].sort());
  });

  it("breaks the lock of a process that is gone, or whose number was given away", async () => {
    for (const holder of [
      { pid: 4_999_999, start: "1", host: hostTag, token: "t" },
      { pid: process.pid, start: "1", host: hostTag, token: "t" },
      "half a lock",
    ]) {
      await using world = await newWorld();
      const lock = join(world.cacheDir, "tools/thing/1.0.0-abc.lock");
      await mkdir(join(world.cacheDir, "tools/thing"), { recursive: true });
      await writeFile(lock, JSON.stringify(holder));
      await ensureEntry(world.context(), counting().plan);
      expect(await world.leftovers("thing")).to.be.empty;
    }
  });

  it("names the cache folder and the way out when it cannot be one", async () => {
    await using world = await newWorld();
    const file = join(world.root, "a-file");
    await writeFile(file, "");
    const error = await refusal(ensureEntry(world.context({ cacheDir: join(file, "cache") }), counting().plan));
    expect(error.message).to.equal(`cannot write to the tool cache in ${join(file, "cache")} (ENOTDIR)`);
    expect(error).to.have.property("fix").that.contains("MOONBACK_CACHE_DIR");
  });

  for (const [code, says] of [
    ["EACCES", "cannot write to the tool cache in /c (EACCES)"],
    ["EROFS", "cannot write to the tool cache in /c (EROFS)"],
    ["ENOSPC", "no space left for the tool cache in /c (ENOSPC)"],
  ] as const) {
    it(`tells people about ${code}`, async () => {
      const error = await refusal(onCacheDisk("/c", () => Promise.reject(Object.assign(new Error("raw"), { code }))));
      expect(error.message).to.equal(says);
    });
  }

  it("leaves other failures as they are", async () => {
    const bug = new Error("a bug");
    expect(await rejection(onCacheDisk("/c", () => Promise.reject(bug)))).to.equal(bug);
  });
});
