import { expect } from "chai";
import type { Change, ResourceEvent } from "../../automation/engine-events.ts";
import { withProgress } from "../../automation/stage-run.ts";
import { stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import { captured } from "./capture.ts";

const network = stages.find(({ name }) => name === "network") as Stage;
const change = (name: string, over: Partial<Change> = {}): Change => ({ op: "create", urn: `urn:${name}`, type: "aws:ec2/vpc:Vpc", name, properties: [], ...over });

describe("the progress of a stage", () => {
  /** What is said when nothing was said for eleven seconds, after these events. */
  async function waitingAfter(...events: readonly ResourceEvent[]): Promise<{ waiting: string; said: string[] }> {
    const { console, time, stderr } = captured();
    return withProgress(network, console, (onResource) => {
      for (const event of events) onResource(event);
      const said = stderr().split("\n").filter(Boolean);
      time.now += 11_000;
      console.beat();
      return Promise.resolve({ waiting: stderr().split("\n").filter(Boolean).slice(said.length).join("\n"), said });
    });
  }

  it("names the stage alone while no call is in flight", async () => {
    expect(await waitingAfter()).to.deep.equal({ waiting: "◎ still at it: stage network (11 s)", said: [] });
  });

  it("names every call in flight, and none that has come to an end", async () => {
    const { waiting } = await waitingAfter(
      { kind: "doing", change: change("vpc") },
      { kind: "doing", change: change("gateway", { op: "delete", type: "aws:ec2/internetGateway:InternetGateway" }) },
      { kind: "doing", change: change("done") }, { kind: "done", change: change("done") },
      { kind: "doing", change: change("failed") }, { kind: "failed", change: change("failed") },
    );
    expect(waiting).to.equal("◎ still at it: stage network, create of aws:ec2/vpc:Vpc vpc, delete of aws:ec2/internetGateway:InternetGateway gateway (11 s)");
  });

  it("names no component: nothing is called for it", async () => {
    expect((await waitingAfter({ kind: "doing", change: change("network", { type: "moonback:network:Network" }) })).waiting).to.equal("◎ still at it: stage network (11 s)");
  });

  it("shows what is done and what failed, and not what begins", async () => {
    const { said } = await waitingAfter({ kind: "doing", change: change("vpc") }, { kind: "done", change: change("vpc") }, { kind: "failed", change: change("gateway") });
    expect(said).to.have.length(2);
    expect(said[0]).to.match(/^✚ network: .*vpc/);
    expect(said[1]).to.match(/^✗ network: .*gateway.* failed$/);
  });

  it("hands the result on, and is over with the work", async () => {
    const { console, time, stderr } = captured();
    expect(await withProgress(network, console, () => Promise.resolve(7))).to.equal(7);
    time.now += 60_000;
    console.beat();
    expect(stderr()).to.equal("");
  });
});
