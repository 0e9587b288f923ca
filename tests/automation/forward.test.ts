import { expect } from "chai";
import { createServer as createHttpServer, request } from "node:http";
import { createServer, connect, type AddressInfo, type Server } from "node:net";
import { listens } from "../../automation/forward/forward.ts";
import type { Daemon } from "../../common/daemon.ts";
import { processStartTime } from "../../common/process-start-time.ts";
import { serveForward, type Forward } from "../../worlds/forward.ts";

/** What a client sees of a CONNECT: the status, and what comes after it. */
function tunnel(port: number, authority: string, say = ""): Promise<{ status: number; said: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method: "CONNECT", path: authority });
    asked.on("error", reject);
    asked.on("connect", ({ statusCode = 0 }, socket, head) => {
      let said = head.toString();
      socket.on("data", (part: Buffer) => (said += part.toString()));
      socket.on("end", () => resolve({ status: statusCode, said }));
      if (say !== "") socket.end(say);
    });
    asked.end();
  });
}

describe("the operator's way to the nodes", () => {
  let forward: Forward;
  let node: Server;
  let port: number;
  const dialled: string[] = [];
  const lines: string[] = [];

  before(async () => {
    // A node that says back what it is told.
    node = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((done) => node.listen(0, "127.0.0.1", done));
    const free = createServer();
    await new Promise<void>((done) => free.listen(0, "127.0.0.1", done));
    ({ port } = free.address() as AddressInfo);
    await new Promise((done) => free.close(done));
    forward = await serveForward({
      listen: { host: "127.0.0.1", port },
      vpcCidr: "10.10.0.0/16",
      log: (line) => lines.push(line),
      dial: (host, target) => {
        dialled.push(`${host}:${target}`);
        if (host === "10.10.0.13") return Promise.reject(new Error("the bastion does not reach 10.10.0.13:50000: nobody answers there"));
        return new Promise((resolve) => {
          const socket = connect((node.address() as AddressInfo).port, "127.0.0.1", () => resolve(socket));
        });
      },
    });
  });
  after(async () => {
    await forward.close();
    await new Promise((done) => node.close(done));
  });

  it("carries bytes to a node's Talos and Kubernetes", async () => {
    expect(await tunnel(port, "10.10.0.11:50000", "hello")).to.deep.equal({ status: 200, said: "hello" });
    expect(await tunnel(port, "10.10.0.11:6443", "hi")).to.deep.equal({ status: 200, said: "hi" });
  });

  for (const authority of ["10.10.0.11:22", "10.10.0.100:8080", "192.0.2.1:6443", "10.20.0.11:50000", "example.org:6443", "127.0.0.1:6443", "nonsense", "10.10.0.11:65536"]) {
    it(`leads nowhere else: ${authority} is forbidden, and nobody is dialled`, async () => {
      const before = dialled.length;
      expect((await tunnel(port, authority)).status).to.equal(403);
      expect(dialled).to.have.length(before);
    });
  }

  it("says why a node cannot be reached, to the client and in its log", async () => {
    const { status, said } = await tunnel(port, "10.10.0.13:50000");
    expect([status, said.trim()]).to.deep.equal([502, "the bastion does not reach 10.10.0.13:50000: nobody answers there"]);
    expect(lines.at(-1)).to.include("10.10.0.13:50000");
  });

  it("is no proxy for web pages", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, answer.headers.get("allow")]).to.deep.equal([405, "CONNECT"]);
  });

  describe("is taken for the one that was started", () => {
    const own = { pid: process.pid, startTime: processStartTime(process.pid) ?? "" };
    const dead = { pid: 1, startTime: "0" };
    const looked = (at: number, daemon: Daemon) => listens({ host: "127.0.0.1", port: at }, daemon).catch((error: unknown) => (error as Error).message);

    it("if it says so itself", async () => {
      expect(await looked(port, own)).to.deep.equal({ done: true, value: true });
    });

    it("not if it is another one's, which is named", async () => {
      expect(await looked(port, dead)).to.equal(`process ${process.pid} listens there, a forward of another environment or run`);
    });

    it("not if it is no forward at all, nor if nobody listens", async () => {
      const stranger = createHttpServer((_, response) => response.end("no forward"));
      await new Promise<void>((done) => stranger.listen(0, "127.0.0.1", done));
      const at = (stranger.address() as AddressInfo).port;
      expect(await looked(at, own)).to.deep.equal({ done: false, reason: "another program listens there" });
      stranger.closeAllConnections();
      await new Promise((done) => stranger.close(done));
      expect(await looked(at, own)).to.deep.equal({ done: false, reason: "nobody listens yet" });
      expect(await looked(at, dead)).to.equal("it ended at once");
    });
  });

  it("counts as used while something goes through it", async () => {
    const before = forward.usedAt();
    await tunnel(port, "10.10.0.11:6443", "hi");
    expect(forward.usedAt()).to.be.at.least(before);
  });
});
