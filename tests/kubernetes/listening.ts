import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";

/** "address:port" of every TCP socket that processes of a mark listen on; IPv6 ones as the kernel writes them. */
export function listening(mark: string): string[] {
  const inodes = new Set(markedProcesses(mark).flatMap(sockets));
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, "utf8").split("\n").slice(1).flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      return state === "0A" && inodes.has(inode) ? [readable(local)] : [];
    }),
  );
}

function sockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []);
  } catch {
    // It has ended, or closed one in the meantime.
    return [];
  }
}

/** The kernel writes IPv4 addresses in the machine's byte order. */
function readable(local: string): string {
  const [address = "", port = ""] = local.split(":");
  const shown = address.length === 8 ? address.match(/../g)!.reverse().map((hex) => Number.parseInt(hex, 16)).join(".") : address;
  return `${shown}:${Number.parseInt(port, 16)}`;
}

/** The program of each process of a mark, by process id. */
export function programs(mark: string): Map<number, string> {
  return new Map(markedProcesses(mark).flatMap((pid) => {
    try {
      return [[pid, readlinkSync(`/proc/${pid}/exe`).split("/").at(-1)!] as const];
    } catch {
      return [];
    }
  }));
}

/** Resident memory of all processes of a mark, in MB. */
export function memory(mark: string): number {
  const kilobytes = markedProcesses(mark).map((pid) => {
    try {
      return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return Math.round(kilobytes.reduce((sum, one) => sum + one, 0) / 1024);
}
