import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { awsProvider } from "../../rehearsal/providers/aws/provider.ts";
import { serve } from "../../rehearsal/providers/server.ts";
import { Empty, type pluginMessages } from "../../rehearsal/providers/wire.ts";
import { ProviderUnderTest } from "./harness.ts";
import { REGION } from "./start-emulator.ts";

const executable = join(import.meta.dirname, "../../rehearsal/providers/bin/pulumi-resource-aws");

/** An AWS that takes requests and answers when told. */
class SlowAws {
  readonly server: Server;
  readonly asked: Promise<void>;
  answer: () => void = () => undefined;

  constructor() {
    const held = new Promise<void>((resolve) => (this.answer = resolve));
    let arrived: () => void;
    this.asked = new Promise((resolve) => (arrived = resolve));
    this.server = createServer((request, response) => {
      request.resume();
      arrived();
      void held.then(() => response.writeHead(400).end("<Response><Errors><Error><Code>Late</Code><Message>but here</Message></Error></Errors></Response>"));
    });
  }

  async url(): Promise<string> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return `http://127.0.0.1:${String((this.server.address() as { port: number }).port)}`;
  }
}

describe("the life of a provider plugin", function () {
  this.timeout(60_000);

  it("is found through a link, prints its port, answers, and ends when interrupted", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moonback-plugin-"));
    const link = join(folder, "pulumi-resource-aws");
    symlinkSync(executable, link);
    const child = spawn(link, ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"], cwd: folder });
    const ended = once(child, "exit");
    try {
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      const provider = new ProviderUnderTest(Number(line));
      const info = await provider.send<InstanceType<typeof pluginMessages.PluginInfo>>("getPluginInfo", new Empty());
      expect(info.getVersion()).to.match(/^7\./);
      // The engine holds on to its connection: the plugin must not wait for it.
      child.kill("SIGINT");
      expect(await ended).to.deep.equal([0, null]);
      provider.client.close();
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });

  it("ends when the engine that started it is killed", async () => {
    const parent = spawn("sh", ["-c", '"$0" 127.0.0.1:1 & echo "pid $!"; wait', executable], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(parent.stdout)[Symbol.asyncIterator]();
    const pid = Number(/^pid (\d+)$/.exec(String((await lines.next()).value))?.[1]);
    const port = Number((await lines.next()).value);
    expect(port, "it runs").to.be.greaterThan(0);
    parent.kill("SIGKILL");
    try {
      await poll(() => Promise.resolve(isAlive(pid) ? { done: false, reason: "the plugin lives on" } : { done: true, value: undefined }), { timeoutMs: 20_000, intervalMs: 50 });
    } finally {
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  });

  it("finishes the call in flight before it stops, and is not stopped by a cancel", async () => {
    const aws = new SlowAws();
    const env = { AWS_ENDPOINT_URL: await aws.url(), AWS_REGION: REGION, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const served = await serve(awsProvider(env), { closeMs: 2_000 });
    const provider = new ProviderUnderTest(served.port);
    try {
      await provider.configure({ region: REGION });
      const events: string[] = [];
      const create = provider.create("aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16" }).catch((error: unknown) => events.push(`answered: ${String(error)}`));
      await aws.asked;
      await provider.send("cancel", new Empty());
      expect((await provider.check("aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16" })).failures, "still serving").to.deep.equal([]);
      const stopped = served.stop().then(() => events.push("stopped"));
      await poll(async () => ((await accepts(served.port)) ? { done: false, reason: "it still accepts" } : { done: true, value: undefined }), { timeoutMs: 10_000, intervalMs: 20 });
      aws.answer();
      await Promise.all([create, stopped]);
      // Which of the two is seen first here is chance: the answer travels on a connection of its own.
      expect(events).to.have.length(2).and.include("stopped");
      expect(events.join()).to.match(/answered: .*AWS Late: but here \(CreateVpc\)/);
    } finally {
      provider.client.close();
      aws.server.close();
    }
  });

  it("does not wait for connections that are only held open", async () => {
    const served = await serve(awsProvider({}), { closeMs: 0 });
    const idle = connect(served.port, "127.0.0.1");
    try {
      await once(idle, "connect");
      await served.stop();
    } finally {
      idle.destroy();
    }
  });

  it("names the endpoint when nothing answers there", async () => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const url = `http://127.0.0.1:${String((closed.address() as { port: number }).port)}`;
    closed.close();
    await once(closed, "close");
    const provider = awsProvider({ AWS_ENDPOINT_URL: url, AWS_REGION: REGION, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
    const failure = await provider.configure({ allowedAccountIds: '["1"]' }).then(() => "", String);
    expect(failure).to.match(/ECONNREFUSED/).and.to.include(url.replace("http://", "")).and.to.include("GetCallerIdentity");
  });
});

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
