import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { newProject, unusedPlan, type Project } from "./project.ts";

const home = ["--homelab", "--address", "192.168.1.10", "--subnet", "192.168.1.0/24", "--dhcp", "192.168.1.200-192.168.1.220", "--router", "192.168.1.1", "--interface", "eth0"];
/** The same call with one option's value changed. */
const otherwise = (option: string, value: string): string[] => home.map((word, index) => (home[index - 1] === option ? value : word));

describe("render", () => {
  let project: Project;
  let out: string;
  beforeEach(() => {
    project = newProject();
    out = join(mkdtempSync(join(tmpdir(), "moonback-render-")), "bundle");
  });
  afterEach(() => {
    project[Symbol.dispose]();
    rmSync(join(out, ".."), { recursive: true, force: true });
  });

  it("writes the bundle of an environment's bastion, scripts to be run among it, and touches nothing else", async () => {
    const { exitCode, stdout } = await project.moonback("render", "bastion", "rehearsal", "--out", out);
    expect(exitCode).to.equal(0);
    for (const file of stdout.split("\n")) expect(existsSync(file), file).to.equal(true);
    expect(readFileSync(join(out, "compose.yaml"), "utf8")).to.include(`${unusedPlan}0.100:8080`);
    expect(statSync(join(out, "assets.sh")).mode & 0o111).to.not.equal(0);
    expect(existsSync(join(out, "README.txt"))).to.equal(false);
    expect(project.touched("rehearsal")).to.equal(false);
  });

  it("writes it for a home network, with real DHCP and what to do next", async () => {
    const { exitCode } = await project.moonback("render", "bastion", "--out", out, ...home);
    expect(exitCode).to.equal(0);
    expect(readFileSync(join(out, "dnsmasq.conf"), "utf8")).to.include("192.168.1.200,192.168.1.220").and.include("interface=eth0");
    expect(readFileSync(join(out, "README.txt"), "utf8")).to.include("192.168.1.10");
  });

  it("leaves the environment's API servers out of a bundle for a home network", async () => {
    const settings = readFileSync(join(project.folder, "Pulumi.rehearsal.yaml"), "utf8");
    project.write("Pulumi.rehearsal.yaml", settings.replace("controlPlanes: 1", "controlPlanes: 3"));
    expect((await project.moonback("render", "bastion", "rehearsal", "--out", out)).exitCode).to.equal(0);
    expect(readFileSync(join(out, "haproxy.cfg"), "utf8")).to.include(`${unusedPlan}0.13:6443`);
    expect((await project.moonback("render", "bastion", "rehearsal", "--out", join(out, "home"), ...home)).exitCode).to.equal(0);
    expect(existsSync(join(out, "home", "haproxy.cfg"))).to.equal(false);
  });

  const refusals: Record<string, [string[], string]> = {
    "a home network without its parts": [["--homelab", "--address", "192.168.1.10"], "--subnet, --dhcp, --router, --interface"],
    "an address outside it": [otherwise("--address", "10.0.0.1"), '--address is "10.0.0.1"'],
    "a range that leaves it": [otherwise("--dhcp", "192.168.1.200-192.168.2.5"), '--dhcp is "192.168.2.5"'],
    "a range that ends before it begins": [otherwise("--dhcp", "192.168.1.220-192.168.1.200"), "ends before it begins"],
    "a range that holds the host itself": [otherwise("--dhcp", "192.168.1.5-192.168.1.20"), "holds 192.168.1.10"],
    "home options without a home": [home.slice(1), "belong to --homelab"],
    "a subnet that is none": [otherwise("--subnet", "192.168.1.5/24"), '--subnet is "192.168.1.5/24"'],
    "an interface that is none": [otherwise("--interface", "eth0; reboot"), '--interface is "eth0; reboot"'],
  };
  for (const [name, [options, says]] of Object.entries(refusals)) {
    it(`refuses ${name}, and writes nothing`, async () => {
      const { exitCode, stderr } = await project.moonback("render", "bastion", "--out", out, ...options);
      expect(exitCode, stderr).to.equal(2);
      expect(stderr).to.include(says).and.include("next:").and.not.include("    at ");
      expect(existsSync(out)).to.equal(false);
    });
  }

  it("refuses to write over what is there", async () => {
    await project.moonback("render", "bastion", "--out", out);
    writeFileSync(join(out, "compose.yaml"), "mine");
    const { exitCode, stderr } = await project.moonback("render", "bastion", "--out", out);
    expect(exitCode).to.equal(2);
    expect(stderr).to.include(`${out} is not an empty folder`);
    expect(readFileSync(join(out, "compose.yaml"), "utf8")).to.equal("mine");
  });
});
