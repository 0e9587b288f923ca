// A real arm64 UEFI machine boots by our home-lab bundle, and is seen to fail where the bundle is broken.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Boot } from "../../lab/boot.ts";
import { judge } from "../../lab/evidence.ts";
import { device } from "../../lab/needs.ts";
import { machine } from "../../lab/node-boot.ts";
import { isGood, table } from "../../lab/report.ts";
import { problem, skipped, Trials, type Trial } from "./trial.ts";

/** 10.10.0.100:8080 as the kernel lists it. */
const matchboxOutside = "64000A0A:1F90";

describe(`a machine of the netboot lab${skipped}`, function () {
  // Each boot ends by itself; three share two cores with whatever else runs.
  this.timeout(900_000);
  let trials: Trials | undefined;
  let good: Promise<Trial>;
  let withoutArchitecture: Promise<Trial>;
  let unknown: Promise<Trial>;
  let outside = "";

  before(async function () {
    if (problem !== undefined) return this.skip();
    const all = (trials = await Trials.prepare());
    // It waits for most of its time, for an offer that it can use.
    withoutArchitecture = all.boot("without-architecture", (bundle) => edit(join(bundle, "dnsmasq.conf"), "dhcp-match=set:efi-arm64,option:client-arch,11\n", ""));
    good = all.boot("good", undefined, {
      onStep: ({ step }) => {
        if (step === "boot.ipxe") outside = `${existsSync(`/sys/class/net/${device}`) ? device : ""}${readFileSync("/proc/net/tcp", "utf8")}`;
      },
    });
    unknown = good.then(() => all.boot("unknown", (bundle) => rmSync(join(bundle, `matchbox/groups/${machine.name}.json`))));
    unknown.catch(() => undefined);
  });
  after(() => trials?.end());

  it("boots with our arguments, asks for its config, and is off", async () => {
    const { booted } = await good;
    expect(isGood(booted), table(booted)).to.equal(true);
    expect(booted.ending).to.equal("the machine is off");
    expect(booted.logs.kernel).to.match(/LAB-BOOTED vmlinuz .*talos\.platform=metal talos\.config=http:\/\/10\.10\.0\.100:8080\/generic\?mac=52-54-00-00-00-11\s/);
    const seconds = booted.steps.map((step) => step.seconds ?? 0);
    expect(seconds, "one after the other").to.deep.equal([...seconds].sort((one, other) => one - other));
  });

  it("has a network that nobody outside sees", async () => {
    const { booted } = await good;
    expect(outside, "was looked at while matchbox served").to.include("local_address");
    expect(outside).to.not.include(device).and.not.include(matchboxOutside);
    expect(booted.logs.matchbox).to.include("10.10.0.100:8080");
  });

  it("has a red table for every argument that it was not told", async () => {
    const { booted, expected } = await good;
    const judged = (args: readonly string[]): Boot => ({ ...booted, steps: judge(booted.logs, { ...expected, arguments: args }) });
    expect(isGood(judged(expected.arguments))).to.equal(true);
    const wanted = judged(expected.arguments.map((argument) => argument.replace("pti=on", "pti=off")));
    expect(isGood(wanted)).to.equal(false);
    expect(table(wanted)).to.include("✗ our arguments").and.include("pti=off is missing, pti=on is not ours");
    expect(table(judged(expected.arguments.slice(1)))).to.include("initrd=initramfs.xz is not ours");
  });

  it("gets nothing to boot where dnsmasq does not know arm64 by option 93", async () => {
    const { booted } = await withoutArchitecture;
    expect(isGood(booted), table(booted)).to.equal(false);
    expect(booted.logs.dnsmasq).to.include("DHCPOFFER").and.not.include("DHCPACK");
    expect(booted.logs.matchbox).to.not.include("HTTP GET");
    expect(booted.ending).to.include("PXE-E16: No valid offer received");
    expect(booted.steps.filter(({ evidence }) => evidence !== undefined)).to.deep.equal([]);
  });

  it("leaves the script and goes on to its next boot device where no group selects it", async () => {
    const { booted } = await unknown;
    expect(isGood(booted), table(booted)).to.equal(false);
    expect(booted.steps.find(({ step }) => step === "ipxe?mac")?.problem).to.equal(`no group selects ${machine.mac}: the default profile leaves the script`);
    expect(booted.logs.matchbox).to.include("profile=unknown").and.not.include("/assets/");
    // Where iPXE leaves with success, firmware believes that something was booted and shows its menu instead.
    expect(booted.ending).to.match(/failed to start Boot\w+ "UEFI PXEv4/);
  });
});

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  expect(text).to.include(from);
  writeFileSync(file, text.replace(from, to));
}
