import { connect } from "node:net";
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { machineReports, roomIdentity, type ControlRequest, type RoomIdentity } from "./control-protocol.ts";
import { roomSocket } from "./room-folder.ts";
import type { MachineReport } from "./room.ts";

const reply = z.object({ value: z.unknown().optional(), error: z.string().optional() });

/** Takes a registry of the rehearsal's internet away (`ghcr.io`): nobody answers for it until it is brought back. */
export async function takeUpstreamAway(runData: string, host: string): Promise<void> {
  await ask(runData, { kind: "upstream", host, away: true });
}

export async function bringUpstreamBack(runData: string, host: string): Promise<void> {
  await ask(runData, { kind: "upstream", host, away: false });
}

/** The machines that stand in the environment's machine room. */
export async function machines(runData: string): Promise<MachineReport[]> {
  return machineReports.parse(await ask(runData, { kind: "machines" }));
}

/** No socket, nobody at it, and one that ends in the middle of the question. */
const nobody = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"];

/** Whose machine room answers for this run data; undefined when nobody does. */
export async function roomOf(runData: string): Promise<RoomIdentity | undefined> {
  try {
    return roomIdentity.parse(await ask(runData, { kind: "room" }));
  } catch (error) {
    if (error instanceof Error && "code" in error && nobody.includes(String(error.code))) return undefined;
    throw error;
  }
}

async function ask(runData: string, request: ControlRequest): Promise<unknown> {
  const text = await new Promise<string>((done, failed) => {
    const socket = connect(roomSocket(runData));
    let received = "";
    socket.setEncoding("utf8").setTimeout(10_000, () => socket.destroy(new Error("the machine room did not answer within 10 s")));
    socket.on("error", failed);
    socket.on("data", (part) => (received += part.toString()));
    socket.on("end", () => (received === "" ? failed(Object.assign(new Error("the machine room ended"), { code: "ECONNRESET" })) : done(received)));
    socket.write(`${JSON.stringify(request)}\n`);
  });
  const { value, error } = reply.parse(JSON.parse(text));
  if (error !== undefined) throw new UserError(error.trim());
  return value;
}
