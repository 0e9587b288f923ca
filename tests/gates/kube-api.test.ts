// What gate 03 says of the Kubernetes API's proxy, which there is with three control planes only.

import { Duplex } from "node:stream";
import { join } from "node:path";
import { expect } from "chai";
import { netboot } from "../../gates/03-netboot.ts";
import type { Bastion, CheckResult, GateContext } from "../../gates/gate.ts";
import { runCheck } from "../../gates/runner.ts";
import { systemClock } from "../../common/poll.ts";
import { registryCaches } from "../../components/ports.ts";
import { loadEnvironment } from "../../stacks/config.ts";

const settings = loadEnvironment(join(import.meta.dirname, "..", ".."), "rehearsal");
const others = ["dnsmasq", "matchbox", ...registryCaches.map(({ host }) => `registry-${host}`), "pihole", "proxy"];

/** `03.running` of a bastion that says this of its proxy, and takes connections or not. */
function running(controlPlanes: 1 | 3, proxy: string | undefined, dial: Bastion["dial"]): Promise<CheckResult> {
  const states = [...others.map((Service) => ({ Service, State: "running", ExitCode: 0 })), { Service: "assets", State: "exited", ExitCode: 0 }, ...(proxy === undefined ? [] : [{ Service: "kube-api", State: proxy, ExitCode: 0 }])];
  const bastion: Bastion = { identity: "a bastion", run: () => Promise.resolve({ code: 0, stdout: JSON.stringify(states), stderr: "" }), dial };
  const sources = { bastion: { via: "stand-in", by: "the test", client: () => Promise.resolve(bastion) } } as unknown as GateContext["sources"];
  const check = netboot.checks.find(({ id }) => id === "03.running")!;
  return runCheck({ ...check, timeoutMs: 0 }, { environment: { ...settings, nodes: { ...settings.nodes, controlPlanes } }, sources }, systemClock);
}

describe("gate 03 on the Kubernetes API's proxy", () => {
  const dialled: string[] = [];
  const takes: Bastion["dial"] = (host, port) => {
    dialled.push(`${host}:${port}`);
    return Promise.resolve(Duplex.from([]));
  };
  const refuses: Bastion["dial"] = () => Promise.reject(new Error("Connection refused"));
  beforeEach(() => void dialled.splice(0));

  it("wants none with one control plane, and asks none", async () => {
    const { status, evidence } = await running(1, undefined, refuses);
    expect(status).to.equal("green");
    expect(evidence).to.not.include("kube-api");
  });

  it("wants it running and listening with three", async () => {
    const { status, evidence } = await running(3, "running", takes);
    expect(status).to.equal("green");
    expect(evidence).to.include("kube-api");
    expect(dialled).to.deep.equal(["10.10.0.100:6443"]);
  });

  it("is red when it is not there, not running or not listening", async () => {
    expect(await running(3, undefined, takes)).to.include({ status: "red", error: "kube-api is not there" });
    expect(await running(3, "restarting", takes)).to.include({ status: "red", error: "kube-api is restarting" });
    expect(await running(3, "running", refuses)).to.include({ status: "red", error: "nothing answers at 10.10.0.100:6443: Connection refused" });
  });
});
