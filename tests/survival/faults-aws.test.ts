import { expect } from "chai";
import { injectFault, liftAll, type InjectedFault } from "../../rehearsal/faults.ts";
import type { Trial } from "../trial.ts";
import { emptyWorld, ended, expectMended, expectTold, network, untilSaid } from "./faulty.ts";
import { faultsOf } from "./killing.ts";

const meetMs = 60_000;
const refused = (code: string) => ({ kind: "refuse", code }) as const;

// One world for all: each fault finds what the one before has left.
describe("a run, when AWS", () => {
  let trial: Trial;
  before(async () => {
    trial = await emptyWorld();
  });
  after(() => trial[Symbol.asyncDispose]());

  const inject = (call: string, code: string, times: number | null): Promise<InjectedFault> => injectFault(trial.endpoint, { call, effect: refused(code), times });
  /** Does something to AWS while it has done a call and not answered it yet. */
  const during = async (call: string, args: readonly string[], happens: () => Promise<unknown>) => {
    const hold = await injectFault(trial.endpoint, { call, effect: { kind: "hold" } });
    const run = trial.start(args);
    await hold.met(1, meetMs);
    await happens();
    // Nobody is there to be told so where it has died.
    await hold.lift().catch(() => undefined);
    return ended(run);
  };

  it("limits calls for ever, says that, and what to do", async () => {
    await inject("ec2:CreateVpc", "RequestLimitExceeded", null);
    expectTold(await trial.moonback("up", ...network), 1, "AWS limits how often this account may call it", "network-vpc: AWS RequestLimitExceeded", "Wait a few minutes");
    await liftAll(trial.endpoint);
  });

  it("limits even the question who asks, does not blame the credentials", async () => {
    await inject("sts:*", "Throttling", null);
    const ran = await trial.moonback("up", ...network);
    expectTold(ran, 1, "AWS limits how often this account may call it", "Wait a few minutes");
    expect(ran.stderr).to.not.include("AWS_PROFILE");
    await liftAll(trial.endpoint);
  });

  it("takes the credentials for expired in the middle of an up, says to renew them, and loses nothing", async () => {
    expectTold(await during("ec2:CreateVpc", ["up", ...network], () => inject("*", "ExpiredToken", null)), 1, "The AWS credentials have expired.", "Renew them");
    expectTold(await trial.moonback("gates", "--only", "01"), 1, "The AWS credentials have expired.", "Renew them");
    await liftAll(trial.endpoint);
  });

  it("limits calls now and then, is asked again, and nobody hears of it", async () => {
    // What stands in the VPC was not begun yet.
    const calls = ["ec2:DescribeVpcs", "iam:GetRole", "ec2:CreateSubnet", "ec2:CreateSecurityGroup", "ec2:CreateFlowLogs"];
    const faults = await Promise.all(calls.map((call) => inject(call, call.startsWith("iam:") ? "Throttling" : "RequestLimitExceeded", 2)));
    const { stderr } = await expectMended(trial);
    expect(stderr).to.not.include("limit");
    expect((await Promise.all(faults.map((fault) => fault.look()))).map(({ met }) => met)).to.deep.equal(calls.map(() => 2));
  });

  it("takes the credentials for expired in the middle of a down, says to renew them, and the next down ends with nothing left", async () => {
    expectTold(await during("ec2:DeleteSubnet", ["down", "--yes", "--keep-world"], () => inject("*", "RequestExpired", null)), 1, "The engine failed on trial-network. The AWS credentials have expired.", "Renew them");
    await liftAll(trial.endpoint);
    expect((await trial.must("down", "--yes", "--keep-world")).stdout).to.include("lists nothing of it");
  });

  it("dies in the middle of an up, says what it asked in vain, and the next up starts it anew and builds all of it", async () => {
    const { pid } = trial.emulator;
    expectTold(await during("ec2:CreateSubnet", ["up", ...network], () => Promise.resolve(process.kill(pid, "SIGKILL"))), 1, "What was asked does not answer any more.", "starts it anew, empty");
    expect((await expectMended(trial)).stderr).to.include("the local world had died and was started anew, empty");
  });

  it("dies in the middle of a down, says so, and the next down ends with nothing left", async () => {
    const { pid } = trial.emulator;
    expectTold(await during("ec2:DeleteSubnet", ["down", "--yes"], () => Promise.resolve(process.kill(pid, "SIGKILL"))), 1, "does not answer any more");
    expect((await trial.must("down", "--yes")).stdout).to.include("lists nothing of it");
  });
});

describe("a run, when AWS has no such machine left", () => {
  const bastion = ["--through", "bastion"] as const;

  it("names AWS's reason while it waits, can be told to stop, and goes on where there is one again", async () => {
    await using trial = await emptyWorld();
    const none = await injectFault(trial.endpoint, { call: "ec2:RunInstances", effect: refused("InsufficientInstanceCapacity"), times: null });
    const run = trial.start(["up", ...bastion]);
    await untilSaid(run, "to have an instance in service: We currently do not have sufficient t4g.small capacity");
    run.kill("SIGINT");
    expectTold(await ended(run), 130, "Interrupted.", "it goes on from here");
    expect(await faultsOf(trial), "what is there is recorded, and nobody holds it").to.deep.equal([]);
    const some = await injectFault(trial.endpoint, { call: "ec2:RunInstances", effect: refused("InsufficientInstanceCapacity"), times: 2 });
    await none.lift();
    await expectMended(trial, bastion);
    expect((await some.look()).met).to.equal(2);
  });
});
