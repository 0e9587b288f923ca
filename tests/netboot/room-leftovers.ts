import { rmSync } from "node:fs";
import { endMarked } from "../../rehearsal/netboot/children.ts";
import { machinesPath, removeMachinesPath, roomSocket } from "../../rehearsal/netboot/room-folder.ts";

/** What a test killed on purpose and then failed to clean up: a room's processes and its places outside its folder. */
export function clearRoom(runData: string): void {
  endMarked(machinesPath(runData));
  removeMachinesPath(runData);
  rmSync(roomSocket(runData), { force: true });
}
