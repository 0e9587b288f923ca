import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import dnsPacket from "dns-packet";
import { localAddress, localPort, localText, plannedAddress, type Address } from "../addresses.ts";

/** A container's health check, as it is done here: rejects for unhealthy. The image's own programs do not exist here. */
export type HealthTest = (vpcCidr: string, signal: AbortSignal) => Promise<void>;

/** What the checks of the bundle ask, by how they are written. Throws for one that is written otherwise. */
export function healthTest(test: readonly string[]): HealthTest {
  const [kind, ...command] = test;
  const found = kind === "CMD" ? (byWget(command) ?? byDig(command) ?? byBash(command) ?? byNetcat(command)) : kind === "CMD-SHELL" ? byKernel(command.join(" ")) : undefined;
  if (found === undefined) throw new Error(`the rehearsal cannot do the health check ${JSON.stringify(test)}: it knows wget of a URL, dig @address name, bash's /dev/tcp, nc -z, and grep of /proc/net/udp`);
  return found;
}

function byWget([program, ...args]: readonly string[]): HealthTest | undefined {
  const url = args.at(-1);
  if (program !== "wget" || url === undefined || !/^http:\/\/\d/.test(url)) return undefined;
  return (vpcCidr, signal) =>
    new Promise((done, failed) => {
      const asked = get(localText(url, vpcCidr), { agent: false, signal }, (response) => {
        response.resume();
        const { statusCode = 0 } = response;
        if (statusCode < 400) done();
        else failed(new Error(`wget: server returned error: HTTP/1.1 ${statusCode}`));
      });
      asked.on("error", failed);
    });
}

/** dig is content with any answer. */
function byDig([program, ...args]: readonly string[]): HealthTest | undefined {
  const server = args.find((argument) => argument.startsWith("@"))?.slice(1);
  const name = args.find((argument) => /^[a-z]/i.test(argument));
  if (program !== "dig" || server === undefined || name === undefined) return undefined;
  return (_vpcCidr, signal) =>
    new Promise((done, failed) => {
      const socket = createSocket({ type: "udp4", signal });
      signal.addEventListener("abort", () => failed(new Error("dig: no servers could be reached")), { once: true });
      socket.once("error", failed);
      socket.once("message", () => {
        socket.close();
        done();
      });
      socket.send(dnsPacket.encode({ type: "query", id: 1, questions: [{ type: "A", name }] }), localPort(53), localAddress(server));
    });
}

function byBash([program, flag, script]: readonly string[]): HealthTest | undefined {
  const [, address, port] = /^exec 3<>\/dev\/tcp\/([\d.]+)\/(\d+)$/.exec(script ?? "") ?? [];
  if (program !== "bash" || flag !== "-c" || address === undefined) return undefined;
  return (_vpcCidr, signal) => reachable({ host: localAddress(address), port: localPort(Number(port)) }, signal);
}

function byNetcat([program, flag, address, port, ...more]: readonly string[]): HealthTest | undefined {
  if (program !== "nc" || flag !== "-z" || address === undefined || !/^\d+$/.test(port ?? "") || more.length > 0) return undefined;
  return (_vpcCidr, signal) => reachable({ host: localAddress(address), port: localPort(Number(port)) }, signal);
}

function reachable(address: Address, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect({ ...address, signal });
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.destroy();
      done();
    });
  });
}

/** Ports (hexadecimal) that the kernel lists as bound by UDP, at their places here. */
function byKernel(script: string): HealthTest | undefined {
  const parts = script.split(" && ").map((part) => /^grep -q :([0-9A-F]{4}) \/proc\/net\/udp$/.exec(part)?.[1]);
  const ports = parts.flatMap((port) => (port === undefined ? [] : [localPort(parseInt(port, 16))]));
  if (ports.length !== parts.length) return undefined;
  return (vpcCidr) => {
    const bound = boundUdpPorts(readFileSync("/proc/net/udp", "utf8"), vpcCidr);
    const missing = ports.filter((port) => !bound.has(port));
    return missing.length === 0 ? Promise.resolve() : Promise.reject(new Error(`nothing listens on UDP port ${missing.join(", ")}`));
  };
}

/** Only those at addresses of the environment's own plan: another environment has a bastion too. */
function boundUdpPorts(table: string, vpcCidr: string): Set<number> {
  const ports = new Set<number>();
  for (const [, address = "", port = ""] of table.matchAll(/^\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4})/gm)) {
    // The kernel writes the address in the machine's byte order: little-endian on x86-64.
    const local = [6, 4, 2, 0].map((at) => parseInt(address.slice(at, at + 2), 16)).join(".");
    if (plannedAddress(local, vpcCidr) !== undefined) ports.add(parseInt(port, 16));
  }
  return ports;
}
