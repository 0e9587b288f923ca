// What a node reads: programs, archives, initramfs, kernel arguments, image references, machine configs' differences.

import { expect } from "chai";
import { stringify } from "yaml";
import { tar } from "../../rehearsal/netboot/internet/tar.ts";
import { talosFiles } from "../../rehearsal/netboot/internet/talos-files.ts";
import { needsReboot } from "../../rehearsal/talos/applying.ts";
import { readCpio, writeCpio } from "../../rehearsal/talos/formats/cpio.ts";
import { readInitramfs, writeInitramfs } from "../../rehearsal/talos/formats/initramfs.ts";
import { efiProblem, writeEfiProgram } from "../../rehearsal/talos/formats/pe.ts";
import { readTar } from "../../rehearsal/talos/formats/tar.ts";
import { defaultImages, parseReference, tagOf } from "../../rehearsal/talos/images.ts";
import { installerFiles } from "../../rehearsal/talos/installer.ts";
import { configUrl, kernelArguments } from "../../rehearsal/talos/kernel-args.ts";
import { endpoints } from "../../rehearsal/talos/pulls.ts";
import { firstHost, netmaskOf } from "../../rehearsal/talos/subnet.ts";

/** A program with other bytes at a place. */
function altered(program: Buffer, at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(program);
  copy.set(bytes, at);
  return copy;
}

describe("the kernel's form", () => {
  const program = writeEfiProgram("a stand-in");
  it("is an EFI application for arm64, with its text", () => {
    expect(efiProblem(program)).to.equal(undefined);
    expect(program.toString("latin1")).to.contain("a stand-in");
    expect(program.subarray(0x40, 0x46).toString("hex")).to.equal("5045000064aa");
  });

  const refused: Record<string, readonly [Buffer, string]> = {
    "a text": [Buffer.from("This is not the kernel"), "it is no EFI program (no PE header)"],
    nothing: [Buffer.alloc(0), "it is no EFI program (no PE header)"],
    "a header that is cut off": [program.subarray(0, 0x60), "it is no EFI program (no PE header)"],
    "a header that points nowhere": [altered(program, 0x3c, [0xff, 0xff, 0xff, 0x7f]), "it is no EFI program (no PE header)"],
    "a program for x86-64": [altered(program, 0x44, [0x64, 0x86]), "it is a program for x86-64, not for arm64"],
    "a program for a machine without a name": [altered(program, 0x44, [0x01, 0x02]), "it is a program for machine 0x201, not for arm64"],
    "a Windows program": [altered(program, 0x58 + 68, [3, 0]), "it is no EFI application (subsystem 3)"],
  };
  for (const [what, [bytes, problem]] of Object.entries(refused)) it(`is not ${what}`, () => expect(efiProblem(bytes)).to.equal(problem));
});

describe("the initramfs", () => {
  const spin = { name: "spin", version: "v0.21.0", author: "", description: "" };

  it("names Talos' version and its extensions", () => {
    expect(readInitramfs(writeInitramfs({ version: "v1.11.5", extensions: [spin] }, "text"))).to.deep.equal({ version: "v1.11.5", extensions: [spin] });
    expect(readInitramfs(writeInitramfs({ version: "v1.11.6", extensions: [] }, "text"))).to.deep.equal({ version: "v1.11.6", extensions: [] });
  });

  it("of each variant has that variant's extensions", () => {
    const names = (bytes: Buffer): string[] => readInitramfs(bytes)!.extensions.map(({ name }) => name);
    expect(names(talosFiles("spin-only").initramfs)).to.deep.equal(["drbd", "spin", "zfs"]);
    expect(names(talosFiles("spin-tailscale").initramfs)).to.deep.equal(["drbd", "spin", "tailscale", "zfs"]);
    expect(names(talosFiles().initramfs)).to.deep.equal([]);
  });

  it("is the same bytes every time, and says what it is not", () => {
    expect(talosFiles("spin-only")).to.deep.equal(talosFiles("spin-only"));
    expect(talosFiles("spin-only").initramfs.toString()).to.contain("This is not the initramfs of Talos Linux.");
  });

  it("cannot be unpacked when it is something else, or cut off", () => {
    const whole = writeCpio({ "a/b": "text", c: "" });
    expect([...readCpio(whole)!].map(([path, content]) => [path, content.toString()])).to.deep.equal([["a/b", "text"], ["c", ""]]);
    for (const bytes of [Buffer.alloc(0), Buffer.from("text"), whole.subarray(0, 200), whole.subarray(1), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])]) expect(readCpio(bytes)).to.equal(undefined);
    expect(readInitramfs(Buffer.from("xz"))).to.equal(undefined);
    expect(() => readInitramfs(writeCpio({ init: "" }))).to.throw("has no etc/os-release");
  });
});

describe("an installer image", () => {
  const { vmlinuz, initramfs } = talosFiles("spin-only");
  const whole = tar({ "usr/install/arm64/vmlinuz": vmlinuz, "usr/install/arm64/initramfs.xz": initramfs });

  it("gives kernel and initramfs, from whichever layer", () => {
    expect(installerFiles("x", { digest: "", layers: [tar({ other: "1" }), whole] })).to.deep.equal({ vmlinuz, initramfs });
    expect(() => installerFiles("ghcr.io/a/b:c", { digest: "", layers: [tar({ other: "1" })] })).to.throw("ghcr.io/a/b:c is no Talos installer: it has no usr/install/arm64/vmlinuz");
  });

  it("is a plain tar archive, whole", () => {
    expect([...readTar(tar({ a: "1", "b/c": "" }))].map(([path, content]) => [path, content.toString()])).to.deep.equal([["a", "1"], ["b/c", ""]]);
    expect(() => readTar(whole.subarray(0, 700))).to.throw("cut off");
    expect(() => readTar(Buffer.alloc(1024, 1))).to.throw("no plain tar archive");
  });
});

describe("the kernel's command line", () => {
  const facts = { uuid: "ec2a0000-0000-0000-0000-000000000000", serial: "ec2a", mac: "0a:00:00:00:00:01" };

  it("is read word by word, the last one counts", () => {
    expect([...kernelArguments(" a=1 quiet console=ttyS0  a=b=c ")]).to.deep.equal([["a", "b=c"], ["quiet", ""], ["console", "ttyS0"]]);
  });

  it("has a config address whose variables Talos fills in", () => {
    expect(configUrl("http://10.10.0.100:8080/generic?mac=${mac}", facts)).to.equal("http://10.10.0.100:8080/generic?mac=0a%3A00%3A00%3A00%3A00%3A01");
    expect(configUrl("http://10.10.0.100:8080/generic?mac=0a-00-00-00-00-01", facts)).to.equal("http://10.10.0.100:8080/generic?mac=0a-00-00-00-00-01");
    expect(configUrl("http://a/c?uuid=&b=${serial}&a=x${uuid}y", facts)).to.equal("http://a/c?a=xec2a0000-0000-0000-0000-000000000000y&b=ec2a&uuid=ec2a0000-0000-0000-0000-000000000000");
  });
});

describe("image references", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const forms: Record<string, readonly [host: string, repository: string, tag: string | undefined, digest: string | undefined]> = {
    "ghcr.io/siderolabs/kubelet:v1.34.1": ["ghcr.io", "siderolabs/kubelet", "v1.34.1", undefined],
    "registry.k8s.io/pause:3.10": ["registry.k8s.io", "pause", "3.10", undefined],
    "hello-world": ["docker.io", "library/hello-world", "latest", undefined],
    "traefik/whoami:v1": ["docker.io", "traefik/whoami", "v1", undefined],
    "localhost:5000/a/b": ["localhost:5000", "a/b", "latest", undefined],
    [`ghcr.io/a/b:c@${digest}`]: ["ghcr.io", "a/b", "c", digest],
    [`ghcr.io/a/b@${digest}`]: ["ghcr.io", "a/b", undefined, digest],
  };
  for (const [text, [host, repository, tag, wanted]] of Object.entries(forms)) it(text, () => expect(parseReference(text)).to.deep.equal({ host, repository, tag, digest: wanted }));
  it("what is none", () => {
    for (const text of ["", "ghcr.io/", "ghcr.io/A/b:c", "a b", "ghcr.io/a@sha256:1"]) expect(() => parseReference(text), text).to.throw("invalid reference format");
    expect(tagOf(defaultImages.kubelet)).to.equal("v1.34.1");
  });

  it("are pulled from their host's mirrors, then from the host", () => {
    const mirrors = { "ghcr.io": { endpoints: ["http://10.10.0.100:5052", "http://10.10.0.100:5059/v2/"], overridePath: false, skipFallback: false } };
    expect(endpoints("ghcr.io", mirrors)).to.deep.equal(["http://10.10.0.100:5052/v2", "http://10.10.0.100:5059/v2", "https://ghcr.io/v2"]);
    expect(endpoints("docker.io", mirrors)).to.deep.equal(["https://registry-1.docker.io/v2"]);
    expect(endpoints("quay.io", { "*": { endpoints: ["http://10.10.0.100:1/all"], overridePath: true, skipFallback: true } })).to.deep.equal(["http://10.10.0.100:1/all"]);
  });
});

describe("a changed machine config", () => {
  const config = (machine: object, cluster: object = {}, documents: readonly object[] = []): string => [{ version: "v1alpha1", machine, cluster }, ...documents].map((one) => stringify(one)).join("---\n");
  const before = config({ type: "worker", features: { rbac: true, kubePrism: { enabled: true } }, nodeLabels: { a: "1" } }, { token: "x" });

  it("takes effect at once where Talos says so", () => {
    const now = config({ type: "worker", features: { rbac: true, kubePrism: { enabled: false } }, nodeLabels: { a: "2", b: "" }, certSANs: ["x"], registries: { mirrors: {} } }, { token: "y" });
    expect(needsReboot(before, now)).to.equal(undefined);
    expect(needsReboot(before, `${before}---\napiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: tailscale\n`)).to.equal(undefined);
  });

  it("needs a reboot elsewhere", () => {
    expect(needsReboot(before, config({ type: "worker", features: { rbac: false }, nodeLabels: { a: "1" } }, { token: "x" }))).to.match(/can't be applied in immediate mode/);
    expect(needsReboot(before, config({ type: "worker", features: { rbac: true }, env: { a: "b" } }))).to.match(/can't be applied/);
  });
});

describe("a subnet", () => {
  it("has a router and a netmask", () => {
    expect([firstHost("10.78.0.0/24"), netmaskOf("10.78.0.0/24"), netmaskOf("10.0.0.0/20")]).to.deep.equal(["10.78.0.1", "255.255.255.0", "255.255.240.0"]);
  });
});
