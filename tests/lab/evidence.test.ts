import { expect } from "chai";
import type { Expected } from "../../lab/bundle.ts";
import { deadEnd, judge, plain, type Finding, type Logs } from "../../lab/evidence.ts";

const mac = "52:54:00:00:00:11";
const expected: Expected = {
  mac,
  ipxe: "ipxe-arm64.efi",
  bootScript: "http://10.10.0.100:8080/boot.ipxe",
  kernel: "/assets/talos/spin-only/vmlinuz?mac=52-54-00-00-00-11",
  initramfs: "/assets/talos/spin-only/initramfs.xz?mac=52-54-00-00-00-11",
  config: "/generic?mac=52-54-00-00-00-11",
  configSha256: "575cf74bd49c",
  arguments: ["initrd=initramfs.xz", "talos.platform=metal"],
};

/** A transaction as dnsmasq 2.90 logs it with log-dhcp. */
const transaction = (number: number, architecture: string, told: string, userClass?: string): string =>
  [
    `vendor class: PXEClient:Arch:${architecture}:UNDI:003000`,
    ...(userClass === undefined ? [] : [`user class: ${userClass}`]),
    `DHCPREQUEST(lab0) 10.10.0.118 ${mac} `,
    `DHCPACK(lab0) 10.10.0.118 ${mac} `,
    `sent size: 15 option: 67 bootfile-name  ${told}`,
  ].map((line) => `dnsmasq-dhcp[5]: ${number} ${line}\n`).join("");

const get = (path: string): string => `time="2026-01-01T00:00:00Z" level=info msg="HTTP GET ${path}"\n`;
const script = (profile: string): string => `${get("/ipxe?uuid=0&mac=52-54-00-00-00-11&domain=&arch=arm64")}level=debug msg="Matched an iPXE config" labels="map[arch:arm64]" profile=${profile}\n`;

const good: Logs = {
  dnsmasq: `${transaction(1, "00011", "ipxe-arm64.efi")}dnsmasq-tftp[5]: sent /tftp/ipxe-arm64.efi to 10.10.0.118\n${transaction(2, "00011", expected.bootScript, "iPXE")}`,
  matchbox: [get("/boot.ipxe"), script("talos-node-1"), get(expected.kernel), get(expected.initramfs), get(expected.config)].join(""),
  firmware: "UEFI firmware\n>>Start PXE over IPv4.\nBdsDxe: loading Boot0001 \"UEFI PXEv4 (MAC:525400000011)\"\n",
  kernel: "[0.0] Linux version 6.12\n[5.2] Run /init as init process\nLAB-BOOTED vmlinuz initrd=initramfs.xz talos.platform=metal\nLAB-CONFIG 575cf74bd49c  -\nreboot: Power down\n",
};

const found = (logs: Logs, step: string): Finding | undefined => judge(logs, expected).find((finding) => finding.step === step);

describe("the netboot lab's evidence", () => {
  it("is whole where all logs are", () => {
    expect(judge(good, expected).filter(({ evidence }) => evidence === undefined)).to.deep.equal([]);
    expect(found(good, "lease for the firmware")?.evidence).to.equal("10.10.0.118, option 93 is 11, told to load ipxe-arm64.efi");
    expect(deadEnd(good)).to.equal(undefined);
  });

  it("is empty where the logs are", () => {
    const nothing = { dnsmasq: "", matchbox: "", firmware: "", kernel: "" };
    expect(judge(nothing, expected).filter(({ evidence, problem }) => evidence !== undefined || problem !== undefined)).to.deep.equal([]);
  });

  /** One line taken out of one log, and the one step that misses it. */
  const needed: Record<string, [keyof Logs, string]> = {
    "lease for the firmware": ["dnsmasq", `dnsmasq-dhcp[5]: 1 DHCPACK(lab0) 10.10.0.118 ${mac}`],
    "iPXE by TFTP": ["dnsmasq", "sent /tftp/ipxe-arm64.efi"],
    "lease for iPXE": ["dnsmasq", `dnsmasq-dhcp[5]: 2 DHCPACK(lab0) 10.10.0.118 ${mac}`],
    "boot.ipxe": ["matchbox", "GET /boot.ipxe"],
    "ipxe?mac": ["matchbox", "Matched an iPXE config"],
    kernel: ["matchbox", `GET ${expected.kernel}`],
    initramfs: ["matchbox", `GET ${expected.initramfs}`],
    "kernel started": ["kernel", "Run /init"],
    "our arguments": ["kernel", "LAB-BOOTED"],
    "config URL asked": ["matchbox", `GET ${expected.config}`],
    "config arrived": ["kernel", "LAB-CONFIG"],
    "powered off": ["kernel", "Power down"],
  };
  it("has a test for every step", () => {
    expect(judge(good, expected).map(({ step }) => step)).to.deep.equal(Object.keys(needed));
  });
  for (const [step, [source, text]] of Object.entries(needed)) {
    it(`lacks "${step}" without its line`, () => {
      expect(good[source]).to.include(text);
      const lacking = judge({ ...good, [source]: good[source].replace(text, "") }, expected).filter(({ evidence }) => evidence === undefined);
      expect(lacking).to.deep.equal([{ step, source }]);
    });
  }

  /** What is seen, but is not what should be. */
  const wrong: Record<string, [keyof Logs, string, string, string, string]> = {
    "another architecture": ["dnsmasq", "00011:UNDI:003000\ndnsmasq-dhcp[5]: 1", "00007:UNDI:003000\ndnsmasq-dhcp[5]: 1", "lease for the firmware", "architecture 00007, not 00011"],
    "another boot file": ["dnsmasq", "bootfile-name  ipxe-arm64.efi", "bootfile-name  ipxe.efi", "lease for the firmware", "told to load ipxe.efi, not ipxe-arm64.efi"],
    "another script": ["dnsmasq", "bootfile-name  http://10.10.0.100:8080/boot.ipxe", "bootfile-name  http://10.10.0.101:8080/boot.ipxe", "lease for iPXE", "not http://10.10.0.100:8080/boot.ipxe"],
    "the default profile": ["matchbox", "profile=talos-node-1", "profile=unknown", "ipxe?mac", "no group selects 52:54:00:00:00:11"],
    "an argument too many": ["kernel", "LAB-BOOTED vmlinuz", "LAB-BOOTED vmlinuz quiet", "our arguments", "quiet is not ours"],
    "an argument too few": ["kernel", " talos.platform=metal", "", "our arguments", "talos.platform=metal is missing"],
    "another config": ["kernel", "LAB-CONFIG 575c", "LAB-CONFIG 676c", "config arrived", "something else came"],
    "no config": ["kernel", "LAB-CONFIG 575cf74bd49c  -", "LAB-CONFIG none", "config arrived", "nothing came"],
  };
  for (const [name, [source, from, to, step, says]] of Object.entries(wrong)) {
    it(`names ${name}`, () => {
      expect(good[source]).to.include(from);
      const finding = found({ ...good, [source]: good[source].replace(from, to) }, step);
      expect(finding).to.have.property("problem").that.includes(says);
      expect(finding).to.not.have.property("evidence");
    });
  }

  it("knows where a machine stops, by the first thing that it says of it", () => {
    const after = (text: string): string | undefined => deadEnd({ ...good, firmware: `${good.firmware}${text}` });
    expect(after("  PXE-E16: No valid offer received.\nBdsDxe: failed to load Boot0001 \"UEFI PXEv4\"\n")).to.equal("PXE-E16: No valid offer received.");
    expect(after("BdsDxe: failed to start Boot0001 \"UEFI PXEv4 (MAC:1)\" from PciRoot\nPXE-E16: later")).to.equal('BdsDxe: failed to start Boot0001 "UEFI PXEv4 (MAC:1)"');
    expect(after('BdsDxe: starting Boot0000 "UiApp" from Fv')).to.include("UiApp");
    expect(deadEnd({ ...good, kernel: "Kernel panic - not syncing: No working init found.\n" })).to.include("No working init found");
  });

  it("reads consoles without what moves the cursor", () => {
    expect(plain("\u001b[2J\u001b[01;01H\u001b[=3hPXE-E16\r\n")).to.equal("PXE-E16\n");
  });
});
