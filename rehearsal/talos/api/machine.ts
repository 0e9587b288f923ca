import { healthValue, timestamp, type Service } from "../services.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";
import type { Message } from "./descriptors.ts";
import { ApiFailure, notFound } from "./failure.ts";
import { status } from "@grpc/grpc-js";

/** What Talos v1.11.5 was built from; that it is a stand-in is in its build time. */
const build = { sha: "bc34de6e1", built: "stand-in of the rehearsal", go_version: "stand-in", os: "linux", arch: "arm64" } as const;
const bootIdPath = "/proc/sys/kernel/random/boot_id";

/** What a node is and does: version, services, kernel log, and the one file that talosctl looks at after a reboot. */
export function machineCalls(node: Talos): Calls {
  return {
    unary: {
      "/machine.MachineService/Version": () => ({
        version: { tag: node.software.version, ...build },
        platform: { name: "metal", mode: "metal" },
        features: { rbac: true },
      }),
      "/machine.MachineService/ServiceList": () => ({ services: node.services.list().map(serviceInfo) }),
      "/machine.MachineService/ServiceRestart": ({ id }) => {
        const service = node.services.get(String(id));
        if (service === undefined) throw notFound(`service "${String(id)}" is not defined`);
        throw new ApiFailure(status.FAILED_PRECONDITION, `service "${service.id}" doesn't support restart operation via API`);
      },
    },
    streaming: {
      "/machine.MachineService/Dmesg": (_request, _caller, send) => {
        for (const line of node.site.console.text.split("\n").filter(Boolean)) send({ bytes: Buffer.from(`${line}\n`) });
      },
      "/machine.MachineService/Read": ({ path }, _caller, send) => {
        if (path !== bootIdPath) throw notFound(`stat ${String(path)}: no such file or directory (the rehearsal's nodes have ${bootIdPath})`);
        send({ bytes: Buffer.from(`${node.bootId}\n`) });
      },
    },
  };
}

const serviceInfo = ({ id, state, health, events }: Service): Message => ({
  id,
  state,
  health: healthValue(health),
  events: { events: events.map(({ message, state: then, at }) => ({ msg: message, state: then, ts: timestamp(at) })) },
});
