import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { errorMessage } from "../../common/errors.ts";
import { controlRequest, type ControlRequest, type RoomIdentity } from "./control-protocol.ts";
import type { Internet } from "./internet/internet.ts";
import type { Room } from "./room.ts";

/** Answers at the room's socket: control, and the stand-in programs of the machines. */
export async function serveControl(path: string, { room, internet, identity }: { room: Room; internet: Internet; identity: RoomIdentity }): Promise<Server> {
  const answer = async (request: ControlRequest, socket: Socket): Promise<object> => {
    switch (request.kind) {
      case "room":
        return { value: identity };
      case "machines":
        return { value: room.reports() };
      case "upstream":
        if (request.away) internet.takeAway(request.host);
        else await internet.bringBack(request.host);
        return { value: null };
      case "guest": {
        const machine = room.machine(request.machine);
        if (machine?.powered !== true) throw new Error(`there is no running machine ${request.machine}`);
        const hungUp = new AbortController();
        socket.once("close", () => hungUp.abort());
        const write = (frame: object): void => void socket.write(`${JSON.stringify(frame)}\n`);
        return { exit: await machine.call({ ...request, signal: hungUp.signal, out: (out) => write({ out }), error: (error) => write({ error }) }) };
      }
    }
  };
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    let received = "";
    const take = (text: string | Buffer): void => {
      received += text.toString();
      const end = received.indexOf("\n");
      if (end === -1) return;
      socket.off("data", take);
      const reply = async (): Promise<object> => answer(controlRequest.parse(JSON.parse(received.slice(0, end))), socket);
      reply().then(
        (frame) => socket.end(`${JSON.stringify(frame)}\n`),
        (error: unknown) => socket.end(`${JSON.stringify({ error: `${errorMessage(error)}\n`, exit: 1 })}\n`),
      );
    };
    socket.setEncoding("utf8").on("data", take);
  });
  // Nobody answers there: start.ts has asked. A killed room leaves its socket behind.
  rmSync(path, { force: true });
  await new Promise<void>((done, failed) => server.once("error", failed).listen(path, done));
  return server;
}
