// The machine room of one environment: `node rehearsal/netboot/daemon.ts PLAN`. It runs until told to end, or until the AWS
// emulator whose instances its machines are is gone.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { processStartTime } from "../../common/process-start-time.ts";
import { markVariable } from "./children.ts";
import { issues } from "./cloud-config.ts";
import { serveControl } from "./control-server.ts";
import { Internet } from "./internet/internet.ts";
import { appendLog } from "./log-file.ts";
import { machinesPlan, type MachinesPlan } from "./plan.ts";
import { internetCa, machinesPath, removeMachinesPath, roomSocket } from "./room-folder.ts";
import { Room } from "./room.ts";
import { strangerAt, watchWorld } from "./watch.ts";

const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

function readPlan(file: string): MachinesPlan {
  const plan = machinesPlan.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!plan.success) throw new Error(`${file}: ${issues(plan.error)}`);
  return plan.data;
}

async function main(file: string): Promise<void> {
  const plan = readPlan(file);
  const told = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => told.abort());
  try {
    const stranger = await strangerAt(plan, told.signal);
    if (stranger !== undefined) throw new Error(stranger);
    await keepRoom(plan, told.signal);
  } finally {
    removeMachinesPath(plan.runData);
  }
}

async function keepRoom(plan: MachinesPlan, signal: AbortSignal): Promise<void> {
  const folder = machinesPath(plan.runData);
  startReaper(folder);
  const internet = await Internet.start(plan.vpcCidr, (line) => appendLog(join(folder, "internet.log"), `${line}\n`));
  writeFileSync(internetCa(plan.runData), internet.caCertificate);
  const socket = roomSocket(plan.runData);
  const room = new Room(plan, internet, socket, log);
  const { environment, vpcCidr, endpoint, epoch, owner } = plan;
  const identity = { pid: process.pid, startTime: processStartTime(process.pid) ?? "", environment, vpcCidr, endpoint, epoch, owner };
  const control = await serveControl(socket, { room, internet, identity });
  log(`watching ${endpoint}`);
  const why = await watchWorld(plan, (lookSignal) => room.reconcile(lookSignal), log, signal);

  log(`ending: ${why}`);
  await room.close();
  internet.stop();
  control.close();
  rmSync(socket, { force: true });
}

/** A process that outlives this one by a moment, to end what it started; its standard input is its sign of life. */
function startReaper(folder: string): void {
  const reaper = spawn("/bin/sh", [join(import.meta.dirname, "reaper.sh"), `${markVariable}=${folder}/`], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  reaper.on("error", (error) => log(`no reaper: ${error.message}`));
}

const [file = ""] = process.argv.slice(2);
main(file).then(
  () => process.exit(0),
  (error: unknown) => {
    log(`failed: ${errorMessage(error)}`);
    process.exit(1);
  },
);
