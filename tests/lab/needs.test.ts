import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { composeCommand } from "../../lab/bundle.ts";
import { mirrorOf, sourcesLine } from "../../lab/debian-mirror.ts";
import { labProblem } from "../../lab/needs.ts";

describe("what the netboot lab needs", () => {
  it("is named, with the packages to install", async () => {
    const problem = await labProblem("linux", { PATH: "/nonexistent" });
    expect(problem?.message).to.include("qemu-system-aarch64").and.include("dnsmasq");
    expect(problem?.fix).to.match(/^sudo apt-get install --no-install-recommends qemu-system-arm dnsmasq-base .*cpio/);
  });

  it("is told to a person who lacks it, exit 1", async () => {
    const { exitCode, all } = await execa(process.execPath, [join(import.meta.dirname, "../../lab/netboot.ts")], { env: { PATH: "/nonexistent" }, extendEnv: false, all: true, reject: false });
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/^✗ the netboot lab needs .*qemu-system-aarch64.*\n {2}next: sudo apt-get install .*qemu-system-arm/).and.not.include("    at ");
  });

  it("is Linux", async () => {
    expect((await labProblem("darwin"))?.message).to.include("this is darwin");
  });

  it("is a mirror of Debian: the machine's own, and no other source of the same names", () => {
    const targets = [
      "Somebody|bookworm|main|https://packages.example/bookworm/",
      "Debian|bookworm-security|main|http://mirror.example/debian-security/",
      "Debian|bookworm|contrib|http://mirror.example/contrib/",
      "Debian|bookworm|main|http://mirror.example/debian/",
    ].join("\n");
    expect(mirrorOf(targets, "bookworm")).to.equal("http://mirror.example/debian/");
    expect(mirrorOf(targets.replaceAll(/^[^|]*/gm, "$(ORIGIN)"), "bookworm"), "before the first apt-get update").to.equal("http://mirror.example/debian/");
    expect(mirrorOf(targets, "trixie")).to.equal(undefined);
    expect(sourcesLine("http://mirror.example/debian/", "trixie")).to.match(/^deb \[signed-by=\/.*debian-archive-keyring\.gpg\] http:\/\/mirror\.example\/debian\/ trixie main\n$/);
  });

  it("is the bundle's own commands, with the folder's paths", () => {
    const folder = mkdtempSync(join(tmpdir(), "moonback-lab-"));
    try {
      const services = { dnsmasq: { command: ["--keep", "--conf-file=/etc/dnsmasq.conf", "--tftp-root=/tftp"], volumes: ["./dnsmasq.conf:/etc/dnsmasq.conf:ro", "./tftp:/tftp:ro", "assets:/assets"] } };
      writeFileSync(join(folder, "compose.yaml"), JSON.stringify({ services }));
      expect(composeCommand(folder, "dnsmasq")).to.deep.equal(["--keep", `--conf-file=${folder}/dnsmasq.conf`, `--tftp-root=${folder}/tftp`]);
      expect(() => composeCommand(folder, "squid")).to.throw("no service squid");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
