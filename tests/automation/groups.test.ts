import { expect } from "chai";
import { startGroup } from "../../automation/groups.ts";
import type { Session } from "../../automation/session.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { captured } from "./capture.ts";

const name = "moonback-lab-bastion";
const noCapacity = "We currently do not have sufficient t4g.small capacity in the Availability Zone you requested (eu-west-1a). Launching EC2 instance failed.";

interface Answers {
  /** Its instances, from the look of this number on, counted from 0. */
  readonly instances?: (look: number) => readonly { readonly InstanceId: string; readonly LifecycleState: string; readonly LaunchTemplate: { readonly Version: string } }[];
  readonly activities?: readonly { readonly StatusCode: string; readonly StatusMessage?: string }[];
  /** What is thrown by the looks from this number on. */
  readonly fails?: { readonly from: number; readonly error: Error };
}

/** A session whose Auto Scaling answers so, and whose time passes only while something is waited for. */
function lab({ instances = () => [], activities = [], fails }: Answers): { session: Session; said: () => string; seconds: () => number } {
  const { console, clock, time, stderr } = captured();
  const began = time.now;
  let looks = 0;
  const send = (command: object): Promise<unknown> => {
    if (command.constructor.name === "DescribeScalingActivitiesCommand") return Promise.resolve({ Activities: activities });
    if (command.constructor.name !== "DescribeAutoScalingGroupsCommand") return Promise.resolve({});
    looks += 1;
    if (fails !== undefined && looks > fails.from) return Promise.reject(fails.error);
    return Promise.resolve({ AutoScalingGroups: [{ AutoScalingGroupName: name, DesiredCapacity: 0, LaunchTemplate: { Version: "1" }, Instances: instances(looks) }] });
  };
  const ticking = {
    ...clock,
    wait: async (milliseconds: number) => {
      await clock.wait(milliseconds);
      console.beat();
    },
  };
  // EC2 knows of no machine that is stopped.
  const ec2 = { send: () => Promise.resolve({ Reservations: [] }) };
  const world = { sources: { autoscaling: { client: () => Promise.resolve({ send }) }, ec2: { client: () => Promise.resolve(ec2) } } };
  const session = { console, clock: ticking, world, signal: new AbortController().signal } as unknown as Session;
  return { session, said: stderr, seconds: () => (time.now - began) / 1_000 };
}

const failure = async (session: Session): Promise<UserError> => {
  const error: unknown = await startGroup(name, session, "replace").then(() => undefined, (thrown: unknown) => thrown);
  expect(error).to.be.instanceOf(UserError);
  return error as UserError;
};

describe("the start of a group", () => {
  it("says AWS's reason every ten seconds while no machine is to be had, and after ten minutes ends with it and what to do", async () => {
    const { session, said, seconds } = lab({ activities: [{ StatusCode: "Successful" }, { StatusCode: "Failed", StatusMessage: noCapacity }] });
    const { message, fix, exitCode } = await failure(session);
    expect(message).to.include(`The group ${name} has no instance in service.`).and.include("AWS has no such machine left").and.include(noCapacity);
    expect([exitCode, fix]).to.deep.equal([ExitCode.failed, "Wait, or set another availabilityZone (`npm run down` first: the subnet moves), then run the same command again."]);
    expect(seconds()).to.be.within(590, 600);
    expect(said().split("\n").filter((line) => line.includes(`in service: ${noCapacity}`))).to.have.length.within(57, 60);
  });

  it("says what AWS says where the reason is none that is known", async () => {
    const { session } = lab({ activities: [{ StatusCode: "Failed", StatusMessage: "The image id '[ami-0]' does not exist" }] });
    const { message, fix } = await failure(session);
    expect([message, fix]).to.deep.equal([`The group ${name} has no instance in service. The image id '[ami-0]' does not exist`, "Mend what AWS names, then run the same command again."]);
  });

  it("says so where nobody answers any more, and asks nobody else", async () => {
    const { session } = lab({ activities: [{ StatusCode: "Failed", StatusMessage: noCapacity }], fails: { from: 3, error: Object.assign(new Error("nobody answers at http://127.0.0.1:4566"), { code: "ECONNREFUSED" }) } });
    const { message, fix } = await failure(session);
    expect(message).to.equal(`The group ${name} has no instance in service. What was asked does not answer any more. nobody answers at http://127.0.0.1:4566`);
    expect(fix).to.include("starts it anew");
  });

  it("ends a machine of an earlier launch template, or keeps it and says so, as its stage wants", async () => {
    const running = { InstanceId: "i-old", LifecycleState: "InService", LaunchTemplate: { Version: "0" } };
    const kept = lab({ instances: () => [running] });
    await startGroup(name, kept.session, "keep");
    expect(kept.said()).to.include("i-old runs an earlier version of its launch template, and keeps it").and.include("i-old is in service").and.not.include("is replaced");
    const replaced = lab({ instances: (look) => [look < 3 ? running : { ...running, InstanceId: "i-new", LaunchTemplate: { Version: "1" } }] });
    await startGroup(name, replaced.session, "replace");
    expect(replaced.said()).to.include("i-old runs version 0 of its launch template, not 1, and is replaced").and.include("i-new is in service");
  });

  it("ends with the machine that came late", async () => {
    const { session, said } = lab({ instances: (look) => (look < 40 ? [] : [{ InstanceId: "i-1", LifecycleState: "InService", LaunchTemplate: { Version: "1" } }]) });
    await startGroup(name, session, "replace");
    expect(said()).to.include("raised to one instance").and.include("i-1 is in service");
  });
});
