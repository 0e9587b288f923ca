// The bastion's SSH, and what can be reached through it: who gets in, what a command is, where connections go.

import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { sshAddress } from "../../rehearsal/addresses.ts";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";
import { internetCa, machinesPath } from "../../rehearsal/netboot/room-folder.ts";
import { login, type Login } from "./ssh.ts";
import { keyPair, until, World } from "./world.ts";

/** Sends a text and takes what comes until the other side has said `end`, or hangs up. */
function converse(stream: Duplex, text: string, end: RegExp): Promise<string> {
  return new Promise((done, failed) => {
    let heard = "";
    stream.on("data", (part: Buffer) => {
      heard += part.toString();
      if (end.test(heard)) done(heard);
    });
    stream.on("error", failed);
    stream.on("close", () => done(heard));
    stream.write(text);
  });
}

describe("the bastion's SSH", function () {
  this.timeout(60_000);
  let world: World;
  let id: string;
  let bastion: Login;

  before(async () => {
    world = await World.make();
    await world.start();
    await world.admit("::1/128");
    id = await world.launch();
    await world.booted(id);
    bastion = await login(world);
  });
  after(async () => {
    bastion.end();
    await world.stop();
  });

  const refusal = (attempt: Promise<Login>): Promise<string> => attempt.then(
    (got) => {
      got.end();
      return "let in";
    },
    (error: unknown) => (error as Error).message,
  );

  describe("lets in", () => {
    it("with the pinned host key, which came from SSM", () => {
      expect(bastion.hostKey).to.equal(world.hostKey.public.split(" ").slice(0, 2).join(" "));
    });

    it("the operator's key only", async () => {
      expect(await refusal(login(world, { key: keyPair().private }))).to.match(/authentication methods failed/);
    });

    it("the cloud-config's user only", async () => {
      for (const user of ["root", "admin", ""]) expect(await refusal(login(world, { user })), user).to.match(/authentication methods failed/);
    });

    it("nobody by password", async () => {
      expect(await refusal(login(world, { password: "moonback" }))).to.match(/authentication methods failed/);
    });

    it("only sources that a security group admits at that moment, and says nothing to others", async () => {
      const banner = (): Promise<string> => converse(connect(sshAddress(world.vpcCidr)), "", /\n/);
      expect(await banner()).to.match(/^SSH-2\.0-/);
      await world.admitNobody();
      expect(await banner()).to.equal("");
      await world.admit("2001:db8::/48");
      expect(await banner()).to.equal("");
      expect(await refusal(login(world))).to.match(/lost before handshake/);
      await world.admitNobody();
      await world.admit("::1/128");
      expect(await refusal(login(world))).to.equal("let in");
    });

    it("nobody while the interface has no IPv6 address", async () => {
      const { id: face } = await world.face();
      const { ipv6 } = await world.network();
      const Ipv6Addresses = [ipv6.replace("::/64", "::100")];
      await world.aws.ec2.send(new ec2.UnassignIpv6AddressesCommand({ NetworkInterfaceId: face, Ipv6Addresses }));
      await until("it does not listen", async () => (await world.machine(id))?.sshListens === false);
      expect(await refusal(login(world))).to.contain("ECONNREFUSED");
      await world.aws.ec2.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: face, Ipv6Addresses }));
      await until("it listens", async () => (await world.machine(id))?.sshListens === true);
      bastion = await login(world);
    });
  });

  describe("runs commands", () => {
    it("with their streams and exit status", async () => {
      expect(await bastion.run("cat; echo oh >&2; exit 7", "from here\n")).to.deep.equal({ code: 7, signal: undefined, stdout: "from here\n", stderr: "oh\n" });
      expect(await bastion.run("kill -TERM $$")).to.include({ code: undefined, signal: "SIGTERM" });
    });

    it("whose text means this machine's places, and whose output is left alone", async () => {
      const { stdout } = await bastion.run(`echo ${world.address}:53 /opt/moonback/x; echo ${world.address.replaceAll(".", "-")}`);
      expect(stdout).to.equal(`${world.local}:20053 ${machinesPath(world.runData)}/${id}/root/opt/moonback/x\n${world.address.replaceAll(".", "-")}\n`);
      // A file is what the user data made it, with the addresses of the plan.
      expect((await bastion.run("cat /opt/moonback/netboot/squid.conf")).stdout).to.equal(world.bundle().find(({ path }) => path === "squid.conf")!.content);
    });

    it("in a home of their own, with nothing of whoever runs the rehearsal", async () => {
      process.env["MOONBACK_TEST_OF_LEAKS"] = "leaked";
      const { stdout } = await bastion.run("pwd; env");
      delete process.env["MOONBACK_TEST_OF_LEAKS"];
      expect(stdout.split("\n", 1)[0]).to.match(new RegExp(`/${id}/root/home/moonback$`));
      const names = stdout.split("\n").slice(1, -1).map((line) => line.split("=", 1)[0]);
      expect(names).to.have.members([
        ...["PATH", "LANG", "TMPDIR", "HOME", "USER", "LOGNAME", "PWD", "MOONBACK_MACHINES", "FETCH_SECRETS_TRIES", "FETCH_SECRETS_PAUSE_SECONDS"],
        ...["ENDPOINT_URL", "REGION", "DEFAULT_REGION", "EC2_METADATA_DISABLED", "CONFIG_FILE", "SHARED_CREDENTIALS_FILE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"].map((name) => `AWS_${name}`),
      ].filter((name) => name !== "PWD" || names.includes("PWD")));
    });

    it("as an ordinary user", async () => {
      expect(await bastion.run("systemctl stop ssh")).to.include({ code: 1, stderr: "Failed to stop ssh: Interactive authentication required.\n" });
      expect((await world.machine(id))?.sshListens).to.equal(true);
    });

    it("that end when the operator hangs up", async () => {
      const other = await login(world);
      const folder = join(machinesPath(world.runData), id);
      const commandOf = (pid: number): string => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          // It ended between the list and the look.
          return "";
        }
      };
      const sleepers = (): number => markedProcesses(folder).filter((pid) => commandOf(pid).startsWith("sleep\0")).length;
      const hung = other.run("sleep 60");
      await until("it sleeps", () => sleepers() === 1);
      other.end();
      await hung.catch(() => undefined);
      await until("nobody sleeps", () => sleepers() === 0, 2_000);
    });

    it("and has neither shell nor file transfer", async () => {
      for (const attempt of [bastion.shell(), bastion.sftp()]) expect(await attempt.then(() => "got", () => "refused")).to.equal("refused");
    });
  });

  describe("forwards", () => {
    const dialled = (host: string, port: number): Promise<string> => bastion.dial(host, port).then(
      (stream) => {
        stream.destroy();
        return "connected";
      },
      () => "refused",
    );
    const https = async (host: string): Promise<string> => {
      const socket = connectTls({ socket: await bastion.dial(host, 443), servername: host, ca: readFileSync(internetCa(world.runData), "utf8") });
      const heard = await converse(socket, `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, /\{\}$/);
      socket.destroy();
      return heard.split("\r\n", 1)[0]!;
    };

    it("to the VPC, from the bastion's own address", async () => {
      const seen: (string | undefined)[] = [];
      const server = createServer((socket) => {
        seen.push(socket.remoteAddress);
        socket.end("hello");
      });
      const node = world.local.replace(/\.100$/, ".21");
      await new Promise<void>((done) => server.listen(0, node, done));
      const { port } = server.address() as AddressInfo;
      expect(await converse(await bastion.dial(node.replace("127.", "10."), port), "", /hello/)).to.equal("hello");
      expect(seen).to.deep.equal([world.local]);
      server.close();
    });

    it("to the bastion's own services", async () => {
      const matchbox = await bastion.dial(world.address, 8080);
      expect(await converse(matchbox, "GET /boot.ipxe HTTP/1.0\r\n\r\n", /#!ipxe/)).to.match(/^HTTP\/1\.0 200 OK/);
    });

    it("to nobody else: not this machine's loopback, not the router, no unknown name", async () => {
      const router = world.address.replace(/\.100$/, ".1");
      const { port } = world.emulator;
      for (const [host, to] of [["127.0.0.1", port], [world.emulator.host, port], [world.local, 8080], [router, 4570], ["localhost", 22], ["example.org", 443], ["192.168.0.1", 80], ["quay.io", 80], [world.address, 9]] as const) {
        expect(await dialled(host, to), `${host}:${to}`).to.equal("refused");
      }
    });

    it("to the internet by IPv6, and by IPv4 only while there is a way out", async () => {
      expect(await https("quay.io")).to.equal("HTTP/1.1 200 OK");
      expect(await dialled("ghcr.io", 443)).to.equal("refused");
      await world.publishIpv4(true);
      await until("ghcr.io answers", async () => (await dialled("ghcr.io", 443)) === "connected");
      expect(await https("ghcr.io")).to.equal("HTTP/1.1 200 OK");
      await world.publishIpv4(false);
      await until("ghcr.io is out of reach", async () => (await dialled("ghcr.io", 443)) === "refused");
    });

    it("to the proxy, which lets through what its rules let through", async () => {
      const ask = async (line: string): Promise<string> => (await converse(await bastion.dial(world.address, 3128), `${line} HTTP/1.1\r\nHost: any\r\n\r\n`, /\r\n\r\n/)).split("\r\n", 1)[0]!;
      expect(await ask("CONNECT quay.io:443")).to.equal("HTTP/1.1 200 Connection established");
      expect(await ask("CONNECT quay.io:80")).to.equal("HTTP/1.1 403 Forbidden");
      expect(await ask("CONNECT not-allowed.example:443")).to.equal("HTTP/1.1 403 Forbidden");
      // Allowed, and IPv4 only: there is no way.
      expect(await ask("CONNECT ghcr.io:443")).to.equal("HTTP/1.1 503 Service Unavailable");
      expect(await ask("GET http://quay.io/")).to.equal("HTTP/1.1 403 Forbidden");
      const { stdout } = await bastion.run("docker compose --project-name netboot logs --no-log-prefix --tail 5 proxy");
      expect(stdout).to.match(/TCP_TUNNEL\/200 CONNECT quay\.io:443\n.*TCP_DENIED\/403 CONNECT quay\.io:80\n/);
    });
  });
});
