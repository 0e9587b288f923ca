import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { renderAssetsList, renderAssetsScript } from "../../components/render/assets.ts";

const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A folder with the script, a volume, and a crane that exports the folder of an image under `images/<image>@<digest>`. */
class Bench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moonback assets "));
  readonly #list: Parameters<typeof renderAssetsList>[0][number][] = [];

  constructor() {
    for (const name of ["bin", "images", "volume"]) mkdirSync(join(this.folder, name));
    writeFileSync(join(this.folder, "assets.sh"), renderAssetsScript());
    // As crane does, to standard output; it notes what it was asked, and fails for what there is not.
    writeFileSync(join(this.folder, "bin/crane"), `#!/bin/sh\necho "$@" >> "${this.folder}/asked"\nlast=\nfor word in "$@"; do [ "$word" = - ] || last=$word; done\nexec tar -c -f - -C "${this.folder}/images/\${last#*/}" usr\n`);
    chmodSync(join(this.folder, "bin/crane"), 0o755);
  }

  /** Publishes a variant; `recorded` is what its list says where that differs. */
  publish(variant: string, recorded: { vmlinuz?: string } = {}): void {
    const [image, digest] = [`urmanac/talos-cozystack-${variant}/talos`, `sha256:${sum(variant)}`];
    const files = join(this.folder, "images", `${image}@${digest}`, "usr/install/arm64");
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, "vmlinuz"), `kernel of ${variant}`, { mode: 0o600 });
    writeFileSync(join(files, "initramfs.xz"), `initramfs of ${variant}`);
    this.#list.push({
      variant, digest, repository: `ghcr.io/${image}`,
      vmlinuz: `sha256:${sum(recorded.vmlinuz ?? `kernel of ${variant}`)}`, initramfs: `sha256:${sum(`initramfs of ${variant}`)}`,
    });
  }

  async run(): Promise<{ code: number | undefined; out: string; asked: string[] }> {
    writeFileSync(join(this.folder, "assets.txt"), renderAssetsList(this.#list));
    rmSync(join(this.folder, "asked"), { force: true });
    const { exitCode, all } = await execa("sh", [join(this.folder, "assets.sh")], {
      env: { PATH: `${join(this.folder, "bin")}:${process.env["PATH"] ?? ""}`, REGISTRY: "10.10.0.100:5052", ASSETS: join(this.folder, "volume"), LIST: join(this.folder, "assets.txt") },
      reject: false, all: true, timeout: 20_000,
    });
    const asked = join(this.folder, "asked");
    return { code: exitCode, out: all, asked: existsSync(asked) ? readFileSync(asked, "utf8").trim().split("\n") : [] };
  }

  served(path: string): string | undefined {
    const file = join(this.folder, "volume/talos", path);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  path(path: string): string {
    return join(this.folder, "volume", path);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

describe("assets.sh", function () {
  this.timeout(30_000);

  it("brings every variant through the cache, by digest, readable, and links the plain names to spin-only", async () => {
    using bench = new Bench();
    for (const variant of ["spin-only", "spin-tailscale"]) bench.publish(variant);
    const { code, out, asked } = await bench.run();
    expect(code, out).to.equal(0);
    expect(asked).to.deep.equal(
      ["spin-only", "spin-tailscale"].map((variant) => `export --insecure --platform linux/arm64 10.10.0.100:5052/urmanac/talos-cozystack-${variant}/talos@sha256:${sum(variant)} -`),
    );
    for (const variant of ["spin-only", "spin-tailscale"]) {
      expect([bench.served(`${variant}/vmlinuz`), bench.served(`${variant}/initramfs.xz`)]).to.deep.equal([`kernel of ${variant}`, `initramfs of ${variant}`]);
    }
    expect(statSync(bench.path("talos/spin-only/vmlinuz")).mode & 0o777).to.equal(0o644);
    expect([bench.served("vmlinuz"), bench.served("initramfs.xz")]).to.deep.equal(["kernel of spin-only", "initramfs of spin-only"]);
    expect(readlinkSync(bench.path("talos/vmlinuz")), "holds where the volume is elsewhere").to.equal("spin-only/vmlinuz");
    expect(existsSync(bench.path("..new"))).to.equal(false);
  });

  it("fetches nothing that is there and right, and again what is not", async () => {
    using bench = new Bench();
    for (const variant of ["spin-only", "spin-tailscale"]) bench.publish(variant);
    await bench.run();
    expect((await bench.run()).asked).to.deep.equal([]);
    writeFileSync(bench.path("talos/spin-tailscale/initramfs.xz"), "half");
    const { code, asked } = await bench.run();
    expect([code, asked.length]).to.deep.equal([0, 1]);
    expect(asked[0]).to.include("spin-tailscale");
    expect(bench.served("spin-tailscale/initramfs.xz")).to.equal("initramfs of spin-tailscale");
  });

  it("serves nothing of an image that holds other files than recorded, and fails, but brings the others", async () => {
    using bench = new Bench();
    bench.publish("spin-tailscale", { vmlinuz: "another kernel" });
    bench.publish("spin-only");
    const { code, out } = await bench.run();
    expect(code).to.equal(1);
    expect(out).to.include(`@sha256:${sum("spin-tailscale")} holds other files than those recorded for spin-tailscale`).and.include("spin-tailscale failed");
    expect([bench.served("spin-tailscale/vmlinuz"), bench.served("spin-tailscale/initramfs.xz")]).to.deep.equal([undefined, undefined]);
    expect(bench.served("vmlinuz")).to.equal("kernel of spin-only");
  });

  it("fails when the image is not there, and keeps what was", async () => {
    using bench = new Bench();
    bench.publish("spin-only");
    await bench.run();
    writeFileSync(bench.path("talos/spin-only/vmlinuz"), "older");
    rmSync(join(bench.folder, "images"), { recursive: true });
    expect((await bench.run()).code).to.equal(1);
    expect(bench.served("spin-only/vmlinuz")).to.equal("older");
  });

  it("has nothing to do for an empty list", async () => {
    using bench = new Bench();
    expect(await bench.run()).to.include({ code: 0, out: "" });
  });
});
