// The haproxy stand-in: how it reads its configuration, and whom it passes connections on to.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { renderApiProxy } from "../../components/render/api-proxy.ts";
import { localAddress } from "../../rehearsal/addresses.ts";
import { CheckCount } from "../../rehearsal/netboot/services/haproxy-backend.ts";
import { parseHaproxyConf } from "../../rehearsal/netboot/services/haproxy-conf.ts";
import { startHaproxy } from "../../rehearsal/netboot/services/haproxy.ts";
import type { RunningService, ServiceContext } from "../../rehearsal/netboot/services/service.ts";
import { ApiServer, askThrough } from "./api-servers.ts";

const plan = "10.251.8";
const vpcCidr = `${plan}.0/24`;
const address = `${plan}.100`;
const nodes = [11, 12, 13].map((host) => `${plan}.${host}`);
const conf = renderApiProxy({ address, apiServers: nodes });
const at = localAddress(address);

const until = (what: string, look: () => boolean | Promise<boolean>): Promise<true> => poll(async () => ((await look()) ? { done: true, value: true } : { done: false, reason: what }), { timeoutMs: 5_000, intervalMs: 10 });

describe("the haproxy stand-in's configuration", () => {
  it("is read", () => {
    expect(parseHaproxyConf(conf)).to.deep.equal({
      frontend: "kube-api",
      backend: "control-planes",
      listen: { address, port: 6443 },
      servers: nodes.map((node, index) => ({ name: `control-plane-${index + 1}`, address: node, port: 6443 })),
      retries: 2,
      timeouts: { connect: 3_000, check: 3_000, client: 7_200_000, server: 7_200_000 },
      check: { path: "/readyz", statuses: [200, 401], interval: 2_000, rise: 1, fall: 2 },
    });
  });

  it("is refused where it is not known, or where haproxy would refuse it", () => {
    const wrong: [string, string, RegExp][] = [
      ["mode tcp", "mode http", /does not know "mode http" at line 8/],
      ["option tcplog", "option tcplogs", /does not know "option tcplogs"/],
      ["balance roundrobin", "balance leastconn", /does not know "balance leastconn"/],
      ["    maxconn 1024", "    stats socket /run/haproxy.sock", /does not know "stats socket/],
      ["ssl verify none", "ssl verify required", /does not know "default-server check check-ssl verify required/],
      ["on-marked-down shutdown-sessions", "on-marked-up shutdown-backup-sessions", /does not know "default-server/],
      ["fall 2", "fall 0", /does not know "default-server/],
      ["timeout client 2h", "timeout client 2w", /"2w" is not a time/],
      [`bind ${address}:6443`, "bind :6443", /":6443" is not <address>:<port>/],
      [`${nodes[1]}:6443`, "talos-node-2:6443", /"talos-node-2:6443" is not <address>:<port>/],
      [`${nodes[1]}:6443`, `${nodes[1]}:6443 backup`, /does not know "server control-plane-2 \S+ backup"/],
      ["frontend kube-api", "listen kube-api", /does not know "listen kube-api"/],
      ["default_backend control-planes", "default_backend control-plane", /unable to find required default_backend "control-plane"/],
      ["    option httpchk GET /readyz\n", "", /the rehearsal wants path/],
      ["    option redispatch 1\n", "", /the rehearsal wants redispatch/],
      ["    retries 2\n", "    retries 2\n    retries 3\n", /"retries 3" after another such line/],
      ["    balance roundrobin\n", `    balance roundrobin\n    server early ${nodes[0]}:6443\n`, /a server before default-server/],
    ];
    for (const [from, to, says] of wrong) {
      expect(conf, from).to.include(from);
      expect(() => parseHaproxyConf(conf.replace(from, to)), to).to.throw(says);
    }
    expect(() => parseHaproxyConf(conf.replaceAll(/^ +server .*$/gm, ""))).to.throw("no server");
  });
});

describe("the haproxy stand-in's count of checks", () => {
  const seen = (rise: number, fall: number, checks: string): string => {
    const count = new CheckCount({ rise, fall });
    return Array.from(checks, (check) => {
      if (check === "+") count.passed();
      else count.failed();
      return count.up ? "U" : "d";
    }).join("");
  };

  it("turns a server up after `rise` in a row and down after `fall`, the first time after one", () => {
    expect(seen(1, 2, "-+-+--+")).to.equal("dUUUUdU");
    expect(seen(3, 2, "+--++-+++")).to.equal("UUddddddU");
    expect(seen(3, 2, "-++-+++")).to.equal("ddddddU");
  });
});

describe("the haproxy stand-in", function () {
  this.timeout(20_000);
  let folder: string;
  let proxy: RunningService | undefined;
  let api: ApiServer[];
  const logged: string[] = [];
  const silent: Server[] = [];
  const held = new Set<Socket>();

  before(() => (folder = mkdtempSync(join(tmpdir(), "moonback-haproxy-"))));
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    api = [];
    logged.length = 0;
  });
  afterEach(async () => {
    await proxy?.stop(0);
    proxy = undefined;
    await Promise.all(api.map((one) => one.close()));
    for (const socket of held) socket.destroy();
    await Promise.all(silent.splice(0).map((server) => new Promise((done) => server.close(done))));
  });

  /** Starts it as its container would, with checks that come quickly. */
  const start = async (text = conf): Promise<void> => {
    const path = join(folder, "haproxy.cfg");
    writeFileSync(path, text.replace("inter 2s", "inter 20ms").replace("timeout check 3s", "timeout check 200ms"));
    const context: Pick<ServiceContext, "spec" | "mounts" | "vpcCidr" | "egress" | "log" | "listenAt"> = {
      spec: { name: "kube-api", containerName: "kube-api", image: "haproxy", repository: "library/haproxy", command: [], entrypoint: undefined, environment: {}, mounts: [], restart: "no", healthcheck: undefined, dependsOn: {} },
      mounts: [{ path, target: "/usr/local/etc/haproxy/haproxy.cfg" }],
      vpcCidr,
      egress: { connect: () => Promise.reject(new Error("nobody leaves the VPC here")) } as unknown as ServiceContext["egress"],
      log: (line) => logged.push(line),
      listenAt: (host, port) => ({ host: localAddress(host), port }),
    };
    proxy = await startHaproxy(context as ServiceContext);
  };
  /** Until its first check a server counts as up: tests begin when that is over. */
  const startAlone = async (): Promise<void> => {
    await start();
    await until("nobody is up", () => logged.some((line) => line.includes("has no server available")));
  };
  const serve = async (number: number, status: number): Promise<ApiServer> => {
    const made = await ApiServer.listen(localAddress(nodes[number - 1]!), status);
    api.push(made);
    return made;
  };
  /** Takes connections and says nothing. */
  const listenSilently = async (number: number): Promise<void> => {
    const server = createServer((socket) => held.add(socket.on("error", () => undefined)));
    silent.push(server);
    await new Promise<void>((done) => server.listen(6443, localAddress(nodes[number - 1]!), done));
  };
  const turned = (number: number, state: "UP" | "DOWN"): Promise<true> => until(`control-plane-${number} is ${state}: ${logged.join("\n")}`, () => logged.findLast((line) => line.includes(`control-planes/control-plane-${number} is`))?.includes(`is ${state}`) === true);
  const answers = async (count: number): Promise<string[]> => {
    const heard: string[] = [];
    while (heard.length < count) heard.push(await askThrough(at));
    return heard;
  };

  it("passes on to servers whose check passes, in turn, and from the bastion's own address", async () => {
    await startAlone();
    const [ready, locked, unready] = [await serve(1, 200), await serve(2, 401), await serve(3, 500)];
    await Promise.all([turned(1, "UP"), turned(2, "UP"), until("the third was asked", () => unready.asked.length > 1)]);
    const heard = await answers(4);
    expect(new Set(heard.slice(0, 2))).to.deep.equal(new Set(["200 by control plane 11", "401 by control plane 12"]));
    expect(heard.slice(2)).to.deep.equal(heard.slice(0, 2));
    expect(new Set(unready.asked)).to.deep.equal(new Set(["GET /readyz HTTP/1.0"]));
    for (const server of [ready, locked, unready]) expect([...server.from]).to.deep.equal([at]);
  });

  it("takes connections with nobody behind, and ends them", async () => {
    await listenSilently(1);
    await startAlone();
    expect(await askThrough(at).catch((error: unknown) => (error as NodeJS.ErrnoException).code)).to.equal("ECONNRESET");
    expect(logged.join("\n")).to.not.include("is UP");
  });

  it("follows servers that come and go, and ends the connections to one that went down", async () => {
    await startAlone();
    const first = await serve(1, 401);
    await turned(1, "UP");
    const watch = connect(6443, at).on("error", () => undefined);
    const ended = new Promise((done) => watch.once("close", done));
    await until("the watch stands", () => first.asked.length > 0 && watch.readyState === "open");
    expect(await answers(2)).to.deep.equal(["401 by control plane 11", "401 by control plane 11"]);

    await serve(3, 401);
    await turned(3, "UP");
    // It answers still, but says that it is not ready.
    first.status = 500;
    await turned(1, "DOWN");
    await ended;
    expect(await answers(2)).to.deep.equal(["401 by control plane 13", "401 by control plane 13"]);
    first.status = 401;
    await turned(1, "UP");
    expect(new Set(await answers(2)).size).to.equal(2);
  });

  it("tries another server at once where one that counts as up does not take the connection", async () => {
    const [first] = [await serve(1, 401), await serve(2, 401)];
    // Long enough that no check notices.
    await start(conf.replace("inter 2s", "inter 1m"));
    await Promise.all([turned(3, "DOWN"), until("both were asked", () => api.every(({ asked }) => asked.length === 1))]);
    await first.close();
    expect(await answers(3)).to.deep.equal(Array.from({ length: 3 }, () => "401 by control plane 12"));
    expect(logged.filter((line) => line.includes("DOWN"))).to.have.length(1);
  });

  it("carries both directions whole, and ends with connections open", async () => {
    await startAlone();
    await serve(2, 200);
    await turned(2, "UP");
    expect(await answers(1)).to.deep.equal(["200 by control plane 12"]);
    await until("it is logged", () => logged.some((line) => /^127\.[\d.]+:\d+ kube-api control-planes\/control-plane-2 \d+$/.test(line)));
    const open = connect(6443, at).on("error", () => undefined);
    await new Promise((done) => open.once("connect", done));
    const ended = new Promise((done) => open.once("close", done));
    await proxy?.stop(0);
    await ended;
  });

  it("does not start with a command of its own, or a configuration that it does not know", async () => {
    expect(await start(conf.replace("option dontlognull", "option splice-auto")).catch(String)).to.include('does not know "option splice-auto"');
  });
});
