// Each rendered file is read by the program that it is for, where that is installed; so is one that is broken.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { renderBundle } from "../../components/render/bundle.ts";
import { renderCloudConfig, secretFiles } from "../../components/render/cloud-init.ts";
import { renderFetchSecrets } from "../../components/render/fetch-secrets.ts";
import { renderWireguard } from "../../components/render/wireguard.ts";
import { bundleArgs, homelabArgs, threeControlPlanes, tunnel, userDataArgs } from "./samples.ts";

// Debian keeps some of these programs where only root looks.
const PATH = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
/** wg-quick runs as root only, if only that of a namespace of its own. */
const asRoot = process.getuid?.() === 0 ? [] : ["unshare", "--user", "--map-root-user"];

interface Read {
  readonly code: number | undefined;
  readonly output: string;
}

async function run(command: readonly string[], cwd = tmpdir()): Promise<Read> {
  const [program = "", ...args] = command;
  const { exitCode, all } = await execa(program, args, { cwd, env: { PATH }, all: true, reject: false, timeout: 60_000, stdin: "ignore" });
  return { code: exitCode, output: all };
}

const runs = async (...command: string[]): Promise<boolean> => (await run(command)).code === 0;
const composeCommand = (await runs("docker", "compose", "version")) ? ["docker", "compose"] : ["docker-compose"];
const wgQuick = await runs(...asRoot, "wg-quick", "--help");
const composeVersion = (await run([...composeCommand, "version", "--short"])).output;

const bastion = renderBundle(bundleArgs);
const homelab = renderBundle(homelabArgs);
const withApi = renderBundle(threeControlPlanes);
const cloudConfig = (over: Partial<typeof userDataArgs> & { tunnel?: typeof tunnel } = {}): string => renderCloudConfig({ ...userDataArgs, bundle: bastion, ...over });
const home = renderWireguard({ ...tunnel, privateKeyFile: secretFiles.wireguardKey });

/** One program, what it must take, and what it must refuse. */
interface Reader {
  readonly program: string;
  readonly installed: boolean;
  /** The name that it wants the file to have. */
  readonly file: string;
  readonly command: (file: string) => readonly string[];
  readonly takes: Readonly<Record<string, string>>;
  readonly refuses: string;
  /** A word of its refusal. */
  readonly because: RegExp;
  /** What it says of a good file where its exit code says nothing. */
  readonly accepted?: RegExp;
}

const readers: readonly Reader[] = [
  {
    program: "cloud-init",
    installed: await runs("cloud-init", "--version"),
    file: "user-data.yaml",
    command: (file) => ["cloud-init", "schema", "--config-file", file],
    takes: { "the user data": cloudConfig(), "the user data with a tunnel": cloudConfig({ tunnel }) },
    refuses: cloudConfig().replace("package_update: true", "package_update: perhaps"),
    because: /package_update.*perhaps/,
  },
  {
    program: composeCommand.join(" "),
    installed: composeVersion !== "" && (await runs(...composeCommand, "version")),
    file: "compose.yaml",
    command: (file) => [...composeCommand, "--file", file, "config", "--quiet"],
    takes: { "compose.yaml": composeFile(bastion), "compose.yaml at home": composeFile(homelab), "compose.yaml with three control planes": composeFile(withApi) },
    refuses: composeFile(bastion).replace("network_mode: host", "network_moed: host"),
    because: /network_moed|dnsmasq/,
  },
  {
    program: "haproxy",
    installed: await runs("haproxy", "-v"),
    file: "haproxy.cfg",
    command: (file) => ["haproxy", "-c", "-dW", "-f", file],
    takes: { "haproxy.cfg": fileOf(withApi, "haproxy.cfg") },
    refuses: fileOf(withApi, "haproxy.cfg").replace("balance roundrobin", "balance roundabout"),
    because: /balance only supports/,
  },
  {
    program: "dnsmasq",
    installed: await runs("dnsmasq", "--version"),
    file: "dnsmasq.conf",
    command: (file) => ["dnsmasq", "--test", `--conf-file=${file}`],
    takes: { "dnsmasq.conf": fileOf(bastion, "dnsmasq.conf"), "dnsmasq.conf at home": fileOf(homelab, "dnsmasq.conf"), "pihole.conf": fileOf(bastion, "pihole.conf") },
    refuses: fileOf(bastion, "dnsmasq.conf").replace("10.10.0.110", "10.10.1.110"),
    because: /bad dhcp-range|inconsistent DHCP range/,
  },
  {
    program: "squid",
    installed: await runs("squid", "-v"),
    file: "squid.conf",
    command: (file) => ["squid", "-k", "parse", "-f", file],
    takes: { "squid.conf": fileOf(bastion, "squid.conf") },
    refuses: `${fileOf(bastion, "squid.conf")}http_access allow nobody\n`,
    because: /nobody/,
  },
  {
    program: "wg",
    installed: await runs("wg", "--version"),
    file: "home.conf",
    // Without that interface it fails for good files too, but only after it has read them.
    command: (file) => ["wg", "setconf", "moonback-none", file],
    takes: { "what wg-quick leaves of home.conf": stripped(home) },
    refuses: stripped(home).replace("AllowedIPs", "AllowedIP"),
    because: /Line unrecognized|Configuration parsing error/,
    accepted: /^Unable to modify interface: /,
  },
  {
    program: "shellcheck",
    installed: await runs("shellcheck", "--version"),
    file: "assets.sh",
    command: (file) => ["shellcheck", file],
    takes: { "assets.sh": fileOf(bastion, "assets.sh") },
    refuses: fileOf(bastion, "assets.sh").replace('rm -rf "$new"', "rm -rf $new"),
    because: /SC2086/,
  },
  {
    program: "python3",
    installed: await runs("python3", "--version"),
    file: "fetch-secrets",
    command: (file) => ["python3", "-m", "py_compile", file],
    takes: { "fetch-secrets": renderFetchSecrets() },
    refuses: renderFetchSecrets().replace("def main():", "def main()"),
    because: /SyntaxError/,
  },
];

/** Compose 1, which Debian 12 has, does not know the project's name; the bastion has compose 2. */
function composeFile(bundle: typeof bastion): string {
  const text = fileOf(bundle, "compose.yaml");
  return /^v?1\./.test(composeVersion) ? text.replace(/^name: netboot\n/, "") : text;
}

function fileOf(bundle: typeof bastion, path: string): string {
  const found = bundle.find((file) => file.path === path);
  if (found === undefined) throw new Error(`no file ${path}`);
  return found.content;
}

/** What `wg-quick strip` must leave: the sections and what wg itself reads. */
function stripped(text: string): string {
  return text.split("\n").filter((line) => !/^(#|Address|MTU|PreUp|PostUp|$)/.test(line)).join("\n") + "\n";
}

describe("the programs that read the rendered files", function () {
  this.timeout(120_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "moonback-readers-"))));
  after(() => rmSync(folder, { recursive: true }));

  async function read({ file, command }: Pick<Reader, "file" | "command">, text: string): Promise<Read> {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
    return run(command(path), folder);
  }

  for (const reader of readers) {
    const { program, installed, takes, refuses, because, accepted } = reader;
    const missing = installed ? "" : ` (skipped: ${program} is not installed)`;
    for (const [title, text] of Object.entries(takes)) {
      it(`${program} takes ${title}${missing}`, async function () {
        if (!installed) return this.skip();
        const { code, output } = await read(reader, text);
        if (accepted === undefined) expect(code, output).to.equal(0);
        else expect(output).to.match(accepted);
        expect(output).to.not.match(because);
      });
    }
    it(`${program} refuses a broken one${missing}`, async function () {
      if (!installed) return this.skip();
      expect(Object.values(takes), "broken is different").to.not.include(refuses);
      const { code, output } = await read(reader, refuses);
      expect(code).to.not.equal(0);
      expect(output).to.match(because);
    });
  }

  // wg-quick refuses next to nothing: what it does not know it hands on to wg, so what it leaves is compared.
  it(`wg-quick keeps its own lines of home.conf and hands on nothing but the peer${wgQuick ? "" : " (skipped: wg-quick is not installed, or nobody may be root)"}`, async function () {
    if (!wgQuick) return this.skip();
    const strip = { file: "home.conf", command: (path: string) => [...asRoot, "wg-quick", "strip", path] };
    const left = async (text: string): Promise<string> => (await read(strip, text)).output.replace(/^(#.*)?\n/gm, "").trimEnd();
    const peer = ["[Interface]", "[Peer]", `PublicKey = ${tunnel.peerPublicKey}`, `Endpoint = ${tunnel.endpoint}`, "AllowedIPs = 0.0.0.0/0", "PersistentKeepalive = 25"];
    expect((await left(home)).split("\n")).to.deep.equal(peer);
    expect(stripped(home).trimEnd().split("\n"), "what wg was given above").to.deep.equal(peer);
    expect(await left(home.replace("PostUp", "PostUpp")), "a broken one").to.include("PostUpp");
  });
});
