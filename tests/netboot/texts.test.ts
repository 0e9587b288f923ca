// The pure parts that read and map text: addresses, guest paths, user data, compose files, configuration files.

import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { isIn, localPort, localText, plannedAddress, plannedText, sshAddress } from "../../rehearsal/addresses.ts";
import { ruleAdmits } from "../../rehearsal/netboot/aws-view.ts";
import { cloudConfigText, parseCloudConfig } from "../../rehearsal/netboot/cloud-config.ts";
import { parseCompose } from "../../rehearsal/netboot/compose.ts";
import { DockerUsage, parseDocker } from "../../rehearsal/netboot/docker-arguments.ts";
import { statusOf } from "../../rehearsal/netboot/docker.ts";
import { GuestText, localShebang } from "../../rehearsal/netboot/guest-text.ts";
import { healthTest } from "../../rehearsal/netboot/health-tests.ts";
import { mountedPath, mountedText } from "../../rehearsal/netboot/services/mounts.ts";
import { parseSshdConf } from "../../rehearsal/netboot/sshd-conf.ts";
import { parseWireguardConf } from "../../rehearsal/netboot/wireguard-conf.ts";

const vpc = "10.10.0.0/16";

describe("addresses of the plan on this machine", () => {
  const texts: Record<string, string> = {
    "10.10.0.100": "127.10.0.100",
    "10.10.0.100:53": "127.10.0.100:20053",
    "10.10.0.100:8080/boot.ipxe": "127.10.0.100:8080/boot.ipxe",
    "http://10.10.0.100:69 (10.10.0.21).": "http://127.10.0.100:20069 (127.10.0.21).",
    "-address=10.10.0.100:8080,10.10.0.0/24": "-address=127.10.0.100:8080,127.10.0.0/24",
    "@10.10.0.100": "@127.10.0.100",
    // Of another range, part of something longer, or no address.
    "10.11.0.100:53": "10.11.0.100:53",
    "110.10.0.100 1.10.10.0.1 10.10.0.1.2 10.10.0.1000 10.10.0.300": "110.10.0.100 1.10.10.0.1 10.10.0.1.2 10.10.0.1000 10.10.0.300",
    "v10.10.0.100 10.10.0.100a": "v10.10.0.100 10.10.0.100a",
    "127.10.0.100:53": "127.10.0.100:53",
  };
  for (const [text, local] of Object.entries(texts)) it(`${text} is ${local}`, () => expect(localText(text, vpc)).to.equal(local));

  it("are found again", () => {
    expect(plannedAddress("127.10.0.100", vpc)).to.equal("10.10.0.100");
    expect(plannedAddress("127.11.0.100", vpc)).to.equal(undefined);
    expect(plannedAddress("127.0.0.1", vpc)).to.equal(undefined);
    expect(plannedText("127.10.0.11:41000 asked 127.10.0.100:5052, not 127.0.0.1, v127.10.0.1 or 127.10.0.1.2", vpc)).to.equal("10.10.0.11:41000 asked 10.10.0.100:5052, not 127.0.0.1, v127.10.0.1 or 127.10.0.1.2");
    expect(plannedAddress("::1", vpc)).to.equal(undefined);
  });

  it("keep ports that anyone may have", () => expect([22, 1023, 1024, 8080].map(localPort)).to.deep.equal([20022, 21023, 1024, 8080]));
  it("are in a range or not", () => expect(["10.10.255.1", "10.11.0.1", "ghcr.io", "10.10", "::1"].map((address) => isIn(vpc, address))).to.deep.equal([true, false, false, false, false]));

  it("give each plan an SSH port", () => {
    expect(sshAddress("10.10.0.0/16")).to.deep.equal({ host: "::1", port: 24_560 });
    expect(sshAddress("10.10.1.0/24").port).to.equal(24_561);
    expect(sshAddress("10.255.255.0/24").port).to.equal(22_000 + (65_535 % 10_000));
  });
});

describe("a guest's text", () => {
  const guest = new GuestText("/m/root", vpc);

  it("names places of this machine", () => {
    expect(guest.local("cat /opt/moonback/a /etc/ssh/b; X=/etc/wireguard/c:/opt/moonback wget 10.10.0.100:53")).to.equal("cat /m/root/opt/moonback/a /m/root/etc/ssh/b; X=/m/root/etc/wireguard/c:/m/root/opt/moonback wget 127.10.0.100:20053");
    expect(guest.local("/usr/bin/docker /usr/bin/dockerd /opt/moonbacks /x/opt/moonback /etc/sshd")).to.equal("/m/root/usr/bin/docker /usr/bin/dockerd /opt/moonbacks /x/opt/moonback /etc/sshd");
    expect(guest.local(guest.local("/opt/moonback 10.10.0.1:53"))).to.equal(guest.local("/opt/moonback 10.10.0.1:53"));
  });

  it("keeps the plan's addresses where only paths are wanted", () => expect(guest.paths("/opt/moonback 10.10.0.1")).to.equal("/m/root/opt/moonback 10.10.0.1"));

  it("has files in known folders only", () => {
    expect(guest.file("/opt/moonback/x/y")).to.equal("/m/root/opt/moonback/x/y");
    for (const path of ["/etc/passwd", "/opt/moonback", "/opt/moonback/../x", "/opt/moonback/./x", "opt/moonback/x", "/etc/sshd/x"]) expect(() => guest.file(path), path).to.throw("is outside of /opt/moonback, /etc/ssh, /etc/wireguard");
  });

  it("has Debian's python found by PATH", () => {
    expect(localShebang("#!/usr/bin/python3\nx")).to.equal("#!/usr/bin/env python3\nx");
    for (const script of ["#!/bin/sh\n#!/usr/bin/python3\n", "#!/usr/bin/python3.11\n"]) expect(localShebang(script)).to.equal(script);
  });
});

describe("user data", () => {
  const text = "#cloud-config\nhostname: a\n";
  const base64 = (content: string | Buffer): string => Buffer.from(content).toString("base64");

  it("is cloud-config by its first line, packed or not", () => {
    expect(cloudConfigText(base64(text))).to.equal(text);
    expect(cloudConfigText(base64(gzipSync(text)))).to.equal(text);
    for (const other of ["", "#!ipxe\nboot\n", "#!/bin/sh\n", "#cloud-config-archive\n", "hostname: a\n", gzipSync("#!ipxe\n")]) expect(cloudConfigText(base64(other)), String(other)).to.equal(undefined);
  });

  it("has defaults for what is left out", () => expect(parseCloudConfig("#cloud-config\n{}")).to.deep.equal({ groups: [], users: [], packages: [], write_files: [], runcmd: [] }));

  it("holds nothing that would be passed over", () => {
    const wrong: Record<string, RegExp> = {
      "ssh_pwauth: true": /ssh_pwauth/,
      "ssh_genkeytypes: [rsa]": /ssh_genkeytypes/,
      "runcmd: [ls -l]": /runcmd\.0/,
      "users: [default]": /users\.0/,
      "users: [{name: a, sudo: all}]": /users\.0\.sudo: is a sudo rule that the rehearsal does not know/,
      "write_files: [{path: relative, content: a}]": /write_files\.0\.path/,
      "write_files: [{path: /a, content: a, encoding: b64}]": /encoding/,
      "write_files: [{path: /a, content: a, permissions: 'u+x'}]": /permissions/,
      "nonsense: 1": /Unrecognized key: "nonsense"/,
    };
    for (const [yaml, says] of Object.entries(wrong)) expect(() => parseCloudConfig(yaml), yaml).to.throw(says);
  });
});

describe("a compose file", () => {
  const file = (services: string, more = ""): string => `name: p\nservices:\n${services}${more}`;
  const service = (name: string, more = ""): string => `  ${name}:\n    image: a/b:1\n    network_mode: host\n${more}`;

  it("is read whole", () => {
    const { name, services } = parseCompose(file(service("s", "    command: [x, $$y]\n    environment: {A: 1, B: true, C: c}\n    volumes: [./f:/f:ro, v:/v]\n    restart: on-failure\n    healthcheck: {test: [CMD, a], interval: 1m30s, timeout: 500ms, retries: 5}\n"), "volumes: {v: {}}\n"));
    expect(name).to.equal("p");
    expect(services).to.deep.equal([
      {
        name: "s", containerName: "s", image: "a/b:1", repository: "a/b", command: ["x", "$y"], entrypoint: undefined, environment: { A: "1", B: "true", C: "c" },
        mounts: [{ source: "./f", kind: "bind", target: "/f", readOnly: true }, { source: "v", kind: "volume", target: "/v", readOnly: false }],
        restart: "on-failure", healthcheck: { test: ["CMD", "a"], intervalMs: 90_000, timeoutMs: 500, retries: 5, startPeriodMs: 0 }, dependsOn: {},
      },
    ]);
  });

  it("names images as docker reads them", () => {
    const images = { "docker.io/library/registry:3@sha256:": "library/registry", "registry:3": "library/registry", "localhost:5000/a/b/c:1": "a/b/c", "4km3/dnsmasq": "4km3/dnsmasq", "gcr.io/go-containerregistry/crane:debug": "go-containerregistry/crane" };
    for (const [image, repository] of Object.entries(images)) {
      const text = image.endsWith("sha256:") ? `${image}${"0".repeat(64)}` : image;
      expect(parseCompose(file(service("s").replace("a/b:1", text))).services[0]!.repository, image).to.equal(repository);
    }
  });

  it("starts services after those that they depend on", () => {
    const { services } = parseCompose(file(service("a", "    depends_on: [c]\n") + service("b") + service("c", "    depends_on: {b: {condition: service_healthy}}\n")));
    expect(services.map(({ name }) => name)).to.deep.equal(["b", "c", "a"]);
    expect(services.map(({ dependsOn }) => dependsOn)).to.deep.equal([{}, { b: "service_healthy" }, { c: "service_started" }]);
  });

  it("holds nothing that would be passed over", () => {
    const wrong: [string, RegExp][] = [
      [file(service("s", "    ports: ['80:80']\n")), /services\.s: Unrecognized key: "ports"/],
      [file("  s: {image: a}\n"), /services\.s\.network_mode/],
      [file(service("s", "    command: a b\n")), /services\.s\.command/],
      [file(service("s", "    command: [$HOME]\n")), /holds a variable/],
      [file(service("s", "    volumes: [v:/v]\n")), /no volume "v" is declared/],
      [file(service("s", "    volumes: ['./a:/b:z']\n")), /is not source:\/target/],
      [file(service("s", "    volumes: [./a]\n")), /is not source:\/target/],
      [file(service("s", "    healthcheck: {test: [CMD, a], interval: soon}\n")), /is not a duration/],
      [file(service("s", "    depends_on: [t]\n")), /there is no service "t"/],
      [file(service("s", "    depends_on: [t]\n") + service("t", "    depends_on: [s]\n")), /s -> t -> s/],
      [file(service("s"), "networks: {}\n"), /Unrecognized key: "networks"/],
    ];
    for (const [yaml, says] of wrong) expect(() => parseCompose(yaml), yaml).to.throw(says);
  });

  it("has mounts whose paths are found, and no others", () => {
    const mounts = [{ path: "/h/assets", target: "/assets" }, { path: "/h/a.txt", target: "/assets/a.txt" }, { path: "/h/c.yml", target: "/etc/c.yml" }];
    expect(mountedText("-x=/assets /assets/a.txt /assets/b http://h/assets /assets2 /etc/c.yml.bak", mounts)).to.equal("-x=/h/assets /h/a.txt /h/assets/b http://h/assets /assets2 /etc/c.yml.bak");
    const context = { mounts, spec: { name: "s" } as never };
    expect(mountedPath("/assets/b", context)).to.equal("/h/assets/b");
    for (const path of ["/etc", "/assets/../x"]) expect(() => mountedPath(path, context)).to.throw("is not mounted into s");
  });

  it("has health checks that can be done here", () => {
    for (const test of [["CMD", "wget", "-q", "http://10.0.0.1:1/"], ["CMD", "dig", "@10.0.0.1", "a.b"], ["CMD", "bash", "-c", "exec 3<>/dev/tcp/10.0.0.1/1"], ["CMD", "nc", "-z", "10.0.0.1", "1"], ["CMD-SHELL", "grep -q :0043 /proc/net/udp && grep -q :0045 /proc/net/udp"]]) expect(healthTest(test)).to.be.a("function");
    for (const test of [["CMD", "true"], ["CMD", "wget", "http://host/"], ["CMD-SHELL", "grep -q :0043 /proc/net/udp || true"], ["CMD", "bash", "-c", "exit 0"], ["CMD", "nc", "10.0.0.1", "1"], ["CMD", "nc", "-z", "10.0.0.1"], ["NONE", ""]]) expect(() => healthTest(test), test.join(" ")).to.throw("cannot do the health check");
  });
});

describe("docker's command line", () => {
  it("is read", () => {
    expect(parseDocker(["compose", "--project-directory", "/d", "up", "--detach", "a", "b"])).to.include({ verb: "up", projectDirectory: "/d", projectName: undefined }).and.to.have.property("services").that.deep.equals(["a", "b"]);
    expect(parseDocker(["compose", "-p", "netboot", "ps", "--all", "--format=json"])).to.include({ verb: "ps", projectName: "netboot", all: true, json: true });
    expect(parseDocker(["compose", "--project-name=n", "logs", "--no-log-prefix", "--tail", "5", "s"])).to.include({ verb: "logs", projectName: "n", prefix: false, tail: 5 });
  });

  it("is refused as docker refuses", () => {
    const wrong: [string, number, RegExp][] = [
      ["ps", 1, /not a command/],
      ["compose build", 16, /unknown docker command: "compose build"/],
      ["compose ps --frobnicate", 16, /unknown flag: --frobnicate/],
      ["compose --file x ps", 16, /unknown flag: --file/],
      ["compose logs --tail", 16, /flag needs an argument/],
      ["compose logs --tail x", 16, /invalid value/],
      ["compose ps --format table", 1, /unsupported format/],
      ["compose up", 1, /up --detach/],
      ["compose rm", 1, /rm --force/],
    ];
    for (const [line, code, says] of wrong) {
      let thrown: unknown;
      try {
        parseDocker(line.split(" "));
      } catch (error) {
        thrown = error;
      }
      expect(thrown, line).to.be.instanceOf(DockerUsage).and.to.include({ exitCode: code }).and.to.have.property("message").that.matches(says);
    }
  });

  it("shows a container's state in docker's words", () => {
    const shown = (state: "created" | "running" | "restarting" | "exited", health: "" | "starting" | "healthy" = "") => statusOf({ state, health, exitCode: 3, changedAt: 0 }, 5_000);
    expect([shown("created"), shown("running"), shown("running", "starting"), shown("running", "healthy"), shown("restarting"), shown("exited")]).to.deep.equal([
      "Created", "Up 5 seconds", "Up 5 seconds (health: starting)", "Up 5 seconds (healthy)", "Restarting (3) 5 seconds ago", "Exited (3) 5 seconds ago",
    ]);
  });
});

describe("the machine's own services", () => {
  it("read sshd's configuration strictly", () => {
    expect(parseSshdConf("# ours\nHostKey /k\nPasswordAuthentication no\nAllowUsers a b\n")).to.deep.equal({ hostKey: "/k", allowUsers: ["a", "b"] });
    for (const [text, says] of [["", /no hostkeys/], ["HostKey /k\nPasswordAuthentication yes\n", /PasswordAuthentication no only/], ["HostKey /k\nPermitTunnel yes\n", /does not know PermitTunnel/], ["HostKey\n", /no argument after keyword/]] as const) expect(() => parseSshdConf(text), text).to.throw(says);
  });

  it("read wg-quick's configuration strictly", () => {
    const conf = "[Interface]\nAddress = 10.9.0.2/32\nPostUp = wg set %i private-key /k\n\n[Peer]\nPublicKey = p\nAllowedIPs = 10.0.0.0/8, 0.0.0.0/0\n";
    expect(parseWireguardConf(conf)).to.deep.equal({ keyFile: "/k", allIpv4: true });
    expect(parseWireguardConf(conf.replace(", 0.0.0.0/0", ""))).to.deep.equal({ keyFile: "/k", allIpv4: false });
    for (const [from, to, says] of [["PostUp", "PostUpp", /line unrecognized/], ["[Peer]", "[Pear]", /unknown section/], ["wg set %i private-key /k", "true", /key from a file/], ["PublicKey = p", "Address = p", /line unrecognized/]] as const) expect(() => parseWireguardConf(conf.replace(from, to)), to).to.throw(says);
  });

  it("read security groups as EC2 does", () => {
    const rule = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: "2001:db8::/48" }], IpRanges: [{ CidrIp: "192.0.2.0/24" }] };
    expect(ruleAdmits(rule, "2001:db8::5", 22)).to.equal(true);
    expect(ruleAdmits(rule, "192.0.2.9", 22)).to.equal(true);
    for (const source of ["2001:db9::5", "::1", "192.0.3.9"]) expect(ruleAdmits(rule, source, 22), source).to.equal(false);
    expect(ruleAdmits(rule, "2001:db8::5", 23)).to.equal(false);
    expect(ruleAdmits({ ...rule, IpProtocol: "udp" }, "2001:db8::5", 22)).to.equal(false);
    expect(ruleAdmits({ ...rule, FromPort: 0, ToPort: 65_535 }, "2001:db8::5", 22)).to.equal(true);
    expect(ruleAdmits({ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }, "::1", 22)).to.equal(true);
    expect(ruleAdmits({ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: "sg-1" }] }, "::1", 22)).to.equal(false);
  });
});
