// A plugin that hangs after a creation, on demand: what is held, what is not, and that nothing but SIGKILL ends it meanwhile.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import * as aws from "@pulumi/aws";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { awsClients } from "../../rehearsal/providers/aws/clients.ts";
import { awsProvider } from "../../rehearsal/providers/aws/provider.ts";
import { HOLD_CREATE, holdingCreates } from "../../rehearsal/providers/hold.ts";
import { tlsProvider } from "../../rehearsal/providers/tls/provider.ts";
import { recorded, withStack } from "./engine.ts";
import { ProviderUnderTest, type Recorded } from "./harness.ts";
import { REGION, startEmulator } from "./start-emulator.ts";

const executable = join(import.meta.dirname, "../../rehearsal/providers/bin/pulumi-resource-tls");
const KEY = "tls:index/privateKey:PrivateKey";
const VPC = "aws:ec2/vpc:Vpc";

/** Time enough for what must not happen: a plugin looks every quarter of a second whether its engine lives. */
const quietMs = 1_200;

const until = (condition: () => boolean, reason: string): Promise<true> =>
  poll(() => Promise.resolve(condition() ? { done: true, value: true } : { done: false, reason }), { timeoutMs: 20_000, intervalMs: 25 });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // One that ended and was not waited for yet is no more alive.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

describe("a provider plugin that is told to hang", function () {
  this.timeout(90_000);
  let folder: string;
  let marker: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moonback-hold-"));
    marker = join(folder, "held");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const key = (provider: ProviderUnderTest): Promise<Recorded> => provider.create(KEY, { algorithm: "ED25519" });
  const state = (pending: Promise<unknown>): Promise<string> => Promise.race([pending.then(() => "answered"), delay(quietMs).then(() => "waiting")]);

  /** Runs the plugin under a parent of its own, which stands for the engine. */
  async function plugin(hold: string): Promise<{ pid: number; parent: ChildProcess; provider: ProviderUnderTest; close: () => void }> {
    const parent = spawn("sh", ["-c", '"$0" 127.0.0.1:1 & echo "$!"; wait', executable], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, [HOLD_CREATE]: hold } });
    const lines = createInterface(parent.stdout)[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    const provider = new ProviderUnderTest(Number((await lines.next()).value));
    const close = (): void => {
      provider.client.close();
      parent.kill("SIGKILL");
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    };
    return { pid, parent, provider, close };
  }

  it("holds the first creation until the marker is gone, and no other", async () => {
    const { pid, provider, close } = await plugin(`${KEY}=${marker}`);
    try {
      const first = key(provider);
      await until(() => existsSync(marker), "no marker");
      expect(readFileSync(marker, "utf8")).to.equal(`${pid}\n`);
      await until(() => readdirSync(folder).join() === "held", "a draft is left");
      expect((await key(provider)).id, "the second").not.to.be.empty;
      expect(await state(first)).to.equal("waiting");
      rmSync(marker);
      expect((await first).state).to.have.property("publicKeyOpenssh");
      expect((await key(provider)).id, "the third").not.to.be.empty;
      expect(existsSync(marker)).to.equal(false);
    } finally {
      close();
    }
  });

  it("outlives its engine and every signal but SIGKILL while it holds", async () => {
    const { pid, parent, provider, close } = await plugin(`${KEY}=${marker}`);
    try {
      const held = key(provider).then(() => "answered", () => "cut off");
      await until(() => existsSync(marker), "no marker");
      parent.kill("SIGKILL");
      await once(parent, "exit");
      for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"] as const) process.kill(pid, signal);
      expect(await state(held)).to.equal("waiting");
      expect(isAlive(pid), "it hangs").to.equal(true);
      process.kill(pid, "SIGKILL");
      await until(() => !isAlive(pid), "it lives on");
      expect(await held).to.equal("cut off");
      expect(readFileSync(marker, "utf8"), "the marker stays").to.equal(`${pid}\n`);
    } finally {
      close();
    }
  });

  it("ends by itself after its engine when the marker goes", async () => {
    const { pid, parent, provider, close } = await plugin(`${KEY}=${marker}`);
    try {
      const held = key(provider);
      await until(() => existsSync(marker), "no marker");
      parent.kill("SIGKILL");
      rmSync(marker);
      expect((await held).id).not.to.be.empty;
      await until(() => !isAlive(pid), "it lives on");
    } finally {
      close();
    }
  });

  it("holds nothing where the marker is there already, and leaves it as it is", async () => {
    writeFileSync(marker, "4711\n");
    const { provider, close } = await plugin(`${KEY}=${marker}`);
    try {
      expect((await key(provider)).id).not.to.be.empty;
      expect(readFileSync(marker, "utf8")).to.equal("4711\n");
      expect(readdirSync(folder)).to.deep.equal(["held"]);
    } finally {
      close();
    }
  });

  it("refuses to start for a type that it does not have", async () => {
    const child = spawn(executable, ["127.0.0.1:1"], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, [HOLD_CREATE]: `tls:index/key:Key=${marker}` } });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    expect(await once(child, "close")).to.deep.equal([1, null]);
    expect(stderr).to.contain(`${HOLD_CREATE} names tls:index/key:Key, which the stand-in tls provider does not know; the list is rehearsal/providers/tls/types.ts`);
  });

  describe("by its variable", () => {
    const original = tlsProvider();

    it("changes nothing where nothing is named", () => {
      for (const text of [undefined, "", "\n", `${VPC}=${marker}`]) expect(holdingCreates(original, text).types, text).to.deep.equal(original.types);
    });

    it("takes several types, one a line, and leaves those of other packages to these", () => {
      const provider = awsProvider({});
      const group = "aws:cloudwatch/logGroup:LogGroup";
      const held = holdingCreates(provider, `${VPC}=${marker}\n${KEY}=${marker}\n\n ${group}=${marker}=2 \n`);
      const changed = held.types.filter((type, index) => type !== provider.types[index]);
      expect(changed.map(({ token }) => token)).to.have.members([VPC, group]);
    });

    it("names the line that it cannot read", () => {
      for (const line of [KEY, `${KEY}=`, `${KEY}=held`, `=${marker}`, marker]) {
        expect(() => holdingCreates(original, line), line).to.throw(`${HOLD_CREATE} has the line '${line}'; it wants <type token>=<absolute path of a marker file>`);
      }
    });
  });

  it("has the engine wait with an object that AWS has and no state knows, and go on when it is let go", async () => {
    const emulator = await startEmulator();
    const program = (): Promise<void> => {
      new aws.ec2.Vpc("net", { cidrBlock: "10.10.0.0/16" }, { provider: new aws.Provider("aws", { region: REGION }) });
      return Promise.resolve();
    };
    const cloud = awsClients(REGION, { endpoint: emulator.endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
    const made = async (): Promise<number> => ((await cloud.ec2.describeVpcs({ Filters: [{ Name: "cidr", Values: ["10.10.0.0/16"] }] })).Vpcs ?? []).length;
    try {
      await withStack({ ...emulator, env: { ...emulator.env, [HOLD_CREATE]: `${VPC}=${marker}` } }, program, async (stack, home) => {
        await stack.preview();
        expect(existsSync(marker), "a preview makes nothing").to.equal(false);
        const up = stack.up();
        await until(() => existsSync(marker), "no marker");
        expect(await made()).to.equal(1);
        const vpc = recorded(home).find(({ type }) => type === VPC);
        expect(vpc?.id, "what is recorded").to.equal(undefined);
        expect(await state(up)).to.equal("waiting");
        rmSync(marker);
        await up;
        expect(recorded(home).find(({ type }) => type === VPC)?.id).to.match(/^vpc-/);
        expect(await made()).to.equal(1);
      });
    } finally {
      await emulator.stop();
    }
  });
});
