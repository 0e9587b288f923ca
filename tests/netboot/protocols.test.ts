// The stand-ins' protocols over real sockets, and how they read their configuration.

import { createSocket } from "node:dgram";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import dnsPacket, { type DecodedPacket } from "dns-packet";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { parseDirectives, parseDnsmasqConf } from "../../rehearsal/netboot/services/dnsmasq-conf.ts";
import { serveDns } from "../../rehearsal/netboot/services/dns.ts";
import { checkPiholeEnvironment, parsePiholeConf } from "../../rehearsal/netboot/services/pihole-conf.ts";
import { resolver } from "../../rehearsal/netboot/services/pihole.ts";
import { parseSquidConf } from "../../rehearsal/netboot/services/squid-conf.ts";
import { serveTftp } from "../../rehearsal/netboot/services/tftp.ts";

const vpc = "10.251.7.0/24";
const host = "127.251.7.100";
const until = (what: string, look: () => boolean): Promise<true> => poll(() => Promise.resolve(look() ? { done: true, value: true } : { done: false, reason: what }), { timeoutMs: 2_000, intervalMs: 5 });
const silent = (): void => undefined;

describe("the TFTP stand-in", () => {
  let folder: string;
  let end: () => void;
  const logged: string[] = [];
  const port = 20_069;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "moonback-tftp-"));
    mkdirSync(join(folder, "root/sub"), { recursive: true });
    writeFileSync(join(folder, "outside"), "secret");
    writeFileSync(join(folder, "root/small"), "small");
    writeFileSync(join(folder, "root/exact"), Buffer.alloc(1024, "e"));
    writeFileSync(join(folder, "root/empty"), "");
    writeFileSync(join(folder, "root/sub/large"), Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 251)));
    symlinkSync("../outside", join(folder, "root/link"));
    end = await serveTftp({ host, port, root: join(folder, "root"), log: (line) => logged.push(line), retryMs: 100 });
  });
  after(() => {
    end();
    rmSync(folder, { recursive: true });
  });

  interface Got {
    content: Buffer;
    blocks: number;
    options: string[];
    fromPort: number;
  }

  /** Reads a file as a client does; `lose` is how many packets of the server it pretends not to have seen. */
  const read = (file: string, { options = [], lose = 0, operation = 1 }: { options?: string[]; lose?: number; operation?: number } = {}): Promise<Got> =>
    new Promise((done, failed) => {
      const socket = createSocket("udp4");
      const got: Got = { content: Buffer.alloc(0), blocks: 0, options: [], fromPort: 0 };
      const blockSize = Number(options[options.indexOf("blksize") + 1] ?? 512) || 512;
      const acknowledge = (block: number, to: number, then = silent): void => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt16BE(4, 0);
        bytes.writeUInt16BE(block, 2);
        socket.send(bytes, to, host, then);
      };
      socket.on("message", (bytes, from) => {
        got.fromPort = from.port;
        if (lose-- > 0) return;
        const code = bytes.readUInt16BE(0);
        if (code === 5) {
          socket.close();
          failed(new Error(`${bytes.readUInt16BE(2)} ${bytes.subarray(4, -1).toString()}`));
        } else if (code === 6) {
          got.options = bytes.subarray(2).toString().split("\0").slice(0, -1);
          acknowledge(0, from.port);
        } else {
          const block = bytes.readUInt16BE(2);
          const next = block === got.blocks + 1;
          if (next) Object.assign(got, { blocks: block, content: Buffer.concat([got.content, bytes.subarray(4)]) });
          acknowledge(block, from.port, () => {
            if (!next || bytes.length - 4 === blockSize) return;
            socket.close();
            done(got);
          });
        }
      });
      socket.send(Buffer.concat([Buffer.from([0, operation]), Buffer.from([file, "octet", ...options, ""].join("\0"))]), port, host);
    });
  const failure = (file: string, more = {}): Promise<string> => read(file, more).then(() => "read", (error: unknown) => (error as Error).message);

  it("sends a file in one block, from a port of the transfer's own", async () => {
    const { content, blocks, fromPort } = await read("small");
    expect(content.toString()).to.equal("small");
    expect(blocks).to.equal(1);
    expect(fromPort).to.not.equal(port);
    await until("it is logged", () => logged.some((line) => /^dnsmasq-tftp: sent small to 127\./.test(line)));
  });

  it("sends many blocks, an empty one after full ones, and an empty file", async () => {
    expect((await read("/sub/large")).content).to.deep.equal(readFileSync(join(folder, "root/sub/large")));
    expect(await read("exact")).to.include({ blocks: 3 });
    expect(await read("empty")).to.include({ blocks: 1 });
  });

  it("agrees on block size and tells the size, and passes over what it does not know", async () => {
    const got = await read("sub/large", { options: ["blksize", "1000", "tsize", "0", "windowsize", "4"] });
    expect(got).to.include({ blocks: 6 });
    expect(got.content).to.have.length(5_000);
    expect(got.options).to.deep.equal(["blksize", "1000", "tsize", "5000"]);
  });

  it("gives up a client that went away, and ends with transfers under way", async () => {
    const other = await serveTftp({ host, port: 20_070, root: join(folder, "root"), log: (line) => logged.push(line), retryMs: 10 });
    const gone = createSocket("udp4");
    gone.send(Buffer.from("\0\u0001small\0octet\0"), 20_070, host);
    await until("it gives up", () => logged.some((line) => line.startsWith("dnsmasq-tftp: timed out sending small")));
    gone.send(Buffer.from("\0\u0001sub/large\0octet\0"), 20_070, host);
    await new Promise((done) => gone.once("message", done));
    other();
    gone.close();
    // Longer than the next packet would have taken.
    await new Promise((done) => setTimeout(done, 30));
  });

  it("sends again what got lost", async () => expect((await read("sub/large", { lose: 2 })).content).to.have.length(5_000));

  it("serves nothing from outside of its folder, and takes no file", async () => {
    expect(await failure("nothing")).to.equal("1 file nothing not found");
    expect(await failure("sub")).to.equal("1 file sub not found");
    for (const file of ["../outside", "sub/../../outside", "link", "/../outside"]) expect(await failure(file), file).to.match(/^2 cannot access/);
    expect(await failure("small", { operation: 2 })).to.equal("2 read only");
    expect(await failure("small", { operation: 9 })).to.equal("4 illegal operation");
  });
});

describe("the DNS stand-in", () => {
  let end: () => void;
  const port = 20_053;
  const conf = parsePiholeConf("# ours\nlisten-address=10.251.7.100\nbind-interfaces\nhost-record=Bastion.example,b2,10.251.7.100\naddress=/ads.example/0.0.0.0\naddress=/a.example/b.example/10.0.0.9\n");

  before(async () => {
    end = await serveDns({ host, port }, resolver([conf], (name) => (name === "ghcr.io" ? "10.251.7.1" : undefined)), silent);
  });
  after(() => end());

  const question = (name: string, type: "A" | "AAAA" = "A"): Buffer => dnsPacket.encode({ type: "query", id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type, name }] });
  const overUdp = (bytes: Buffer): Promise<DecodedPacket> =>
    new Promise((done) => {
      const socket = createSocket("udp4");
      socket.on("message", (answer) => {
        socket.close();
        done(dnsPacket.decode(answer));
      });
      socket.send(bytes, port, host);
    });
  const overTcp = (...queries: Buffer[]): Promise<DecodedPacket[]> =>
    new Promise((done, failed) => {
      const socket = connect(port, host);
      let heard = Buffer.alloc(0);
      socket.on("error", failed);
      socket.on("data", (bytes) => {
        heard = Buffer.concat([heard, bytes]);
        const answers: DecodedPacket[] = [];
        for (let at = 0; at + 2 <= heard.length && at + 2 + heard.readUInt16BE(at) <= heard.length; at += 2 + heard.readUInt16BE(at)) answers.push(dnsPacket.decode(heard.subarray(at + 2, at + 2 + heard.readUInt16BE(at))));
        if (answers.length === queries.length) {
          socket.destroy();
          done(answers);
        }
      });
      // In pieces: a message need not come in one.
      const whole = Buffer.concat(queries.map((query) => Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query])));
      socket.write(whole.subarray(0, 5));
      setTimeout(() => socket.write(whole.subarray(5)), 20);
    });
  const shown = (packet: DecodedPacket): string => `${(packet as DecodedPacket & { rcode: string }).rcode} ${(packet.answers ?? []).map((answer) => (answer.type === "A" ? answer.data : answer.type)).join()}`.trim();

  const names: Record<string, string> = {
    "bastion.example": "NOERROR 10.251.7.100",
    "B2": "NOERROR 10.251.7.100",
    "ads.example": "NOERROR 0.0.0.0",
    "deep.below.ads.example": "NOERROR 0.0.0.0",
    "notads.example": "NXDOMAIN",
    "a.example": "NOERROR 10.0.0.9",
    "b.example": "NOERROR 10.0.0.9",
    "ghcr.io": "NOERROR 10.251.7.1",
    "other.example": "NXDOMAIN",
  };
  for (const [name, answer] of Object.entries(names)) it(`answers ${name} with ${answer}`, async () => expect(shown(await overUdp(question(name)))).to.equal(answer));

  it("has no IPv6 address for a name that it has", async () => expect(shown(await overUdp(question("ghcr.io", "AAAA")))).to.equal("NOERROR"));
  it("answers over TCP, one after the other", async () => {
    const answers = await overTcp(question("ghcr.io"), question("other.example"));
    expect(answers.map(shown)).to.deep.equal(["NOERROR 10.251.7.1", "NXDOMAIN"]);
    expect(answers[0]).to.include({ id: 7, type: "response" });
  });

  it("reads its configuration strictly", () => {
    for (const text of ["hostrecord=a,10.0.0.1", "host-record=a", "host-record=10.0.0.1", "address=/a/nowhere", "address=a", "bind-interfaces=yes", "server=1.1.1.1"]) expect(() => parsePiholeConf(text), text).to.throw("at line 1");
    expect(() => checkPiholeEnvironment({ FTLCONF_misc_etc_dnsmasq_d: "true", FTLCONF_dns_upstreamz: "a" })).to.throw("does not know the setting FTLCONF_dns_upstreamz");
    expect(() => checkPiholeEnvironment({})).to.throw("is not read unless");
  });
});

describe("the dnsmasq stand-in's configuration", () => {
  const conf = "port=0\nlisten-address=10.251.7.100\nbind-interfaces # here\ndhcp-range=10.251.7.110,10.251.7.199,255.255.255.0,1h\nenable-tftp\ntftp-root=/tftp\ndhcp-match=set:efi,option:client-arch,11\n";
  const read = (text: string) => parseDnsmasqConf(parseDirectives(text), vpc);

  it("is read", () => expect(read(conf)).to.deep.equal({ listen: ["10.251.7.100"], ranges: [{ first: "10.251.7.110", last: "10.251.7.199", lease: "1h" }], tftp: true, tftpRoot: "/tftp" }));
  it("is refused where dnsmasq would refuse it", () => {
    const wrong: [string, string, RegExp][] = [
      ["port=0\n", "", /port is not 0/],
      ["listen-address", "listen-addres", /bad option listen-addres at line 2/],
      ["bind-interfaces", "bind-interfaces=1", /extraneous parameter of bind-interfaces at line 3/],
      ["dhcp-match=set:efi,option:client-arch,11", "dhcp-match", /missing parameter of dhcp-match at line 7/],
      ["10.251.7.110,", "10.251.7,", /bad dhcp-range at line 4/],
      ["10.251.7.199", "10.252.7.199", /outside of the VPC's/],
      ["listen-address=10.251.7.100\n", "", /no listen-address/],
    ];
    for (const [from, to, says] of wrong) expect(() => read(conf.replace(from, to)), to).to.throw(says);
  });
});

describe("the squid stand-in's rules", () => {
  const conf = "http_port 10.251.7.100:3128\nacl nodes src 10.251.7.0/24 192.0.2.1\nacl hosts dstdomain -n .quay.io ghcr.io\nacl https port 443 8000-8010\nacl tunnel method CONNECT\nhttp_access deny !nodes\nhttp_access deny !tunnel\nhttp_access deny !https\nhttp_access allow hosts\nhttp_access deny all\n";
  const allows = (text: string, more: Partial<{ source: string; method: string; host: string; port: number }> = {}): boolean => parseSquidConf(text).allows({ source: "10.251.7.21", method: "CONNECT", host: "ghcr.io", port: 443, ...more });

  it("let through what they say, and nothing else", () => {
    for (const more of [{}, { host: "quay.io" }, { host: "cdn.quay.io" }, { port: 8005 }, { source: "192.0.2.1" }]) expect(allows(conf, more), JSON.stringify(more)).to.equal(true);
    for (const more of [{ host: "notquay.io" }, { host: "sub.ghcr.io" }, { host: "10.251.7.1" }, { port: 80 }, { port: 8011 }, { source: "10.251.8.21" }, { method: "GET" }]) expect(allows(conf, more), JSON.stringify(more)).to.equal(false);
  });

  it("end in the opposite of the last rule", () => {
    expect(allows(conf.replace("http_access deny all\n", ""), { host: "other.example" })).to.equal(false);
    expect(allows("http_port 10.251.7.100:3128\nacl a dstdomain a\nhttp_access deny a\n")).to.equal(true);
    expect(allows("http_port 10.251.7.100:3128\n")).to.equal(false);
  });

  it("are refused where squid would refuse them", () => {
    const wrong: [string, string, RegExp][] = [
      ["http_access allow hosts", "http_access allow host", /ACL not found: host at line 9/],
      ["http_access deny all", "http_acces deny all", /unrecognized directive "http_acces" at line 10/],
      ["acl tunnel method", "acl tunnel methods", /does not know acl type "methods"/],
      ["port 443", "port https", /bad port/],
      ["http_port 10.251.7.100:3128", "http_port 3128", /http_port must be/],
      ["http_access deny all", "http_access maybe all", /needs allow or deny/],
    ];
    for (const [from, to, says] of wrong) expect(() => parseSquidConf(conf.replace(from, to)), to).to.throw(says);
  });
});
