// What a machine prints, and how EC2 shows it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { publishConsole } from "../../rehearsal/netboot/console-output.ts";
import { Console } from "../../rehearsal/talos/console.ts";
import { Aws } from "../emulator/aws.ts";
import { startEmulator, type Emulator } from "../emulator/start.ts";

describe("a console", () => {
  const folder = mkdtempSync(join(tmpdir(), "moonback-console-"));
  after(() => rmSync(folder, { recursive: true }));

  it("is written as a serial line gets it, and handed on whole", async () => {
    const handed: string[] = [];
    const file = join(folder, "a.log");
    const console = new Console(file, (text) => Promise.resolve(void handed.push(text.toString())));
    console.print("a... ");
    console.line("ok");
    console.line("b");
    await console.flush();
    await console.flush();
    expect(handed).to.deep.equal(["a... ok\r\nb\r\n"]);
    expect(readFileSync(file, "utf8")).to.equal("a... ok\r\nb\r\n");
    expect(console.text).to.equal("a... ok\nb\n");
    expect(new Console(file, () => Promise.resolve()).text).to.equal(console.text);
  });

  it("keeps the last 64 KiB, and goes on when nobody takes it", async () => {
    let last: Buffer = Buffer.alloc(0);
    const console = new Console(join(folder, "b.log"), (text) => {
      last = text;
      return Promise.reject(new Error("nobody there"));
    });
    console.print("x".repeat(65_536));
    console.line("end");
    await console.flush();
    expect([last.length, last.toString().slice(-5)]).to.deep.equal([65_536, "end\r\n"]);
    console.line("more");
    await console.flush();
    expect(last.toString().slice(-6)).to.equal("more\r\n");
  });
});

describe("EC2's console output", () => {
  let emulator: Emulator;
  let aws: Aws;
  before(async () => {
    emulator = await startEmulator();
    aws = new Aws(emulator.endpoint);
  });
  after(async () => {
    aws.destroy();
    await emulator.stop();
  });
  const outputOf = (InstanceId: string) => aws.ec2.send(new ec2.GetConsoleOutputCommand({ InstanceId, Latest: true }));

  it("is what the machine room has handed in, the last 64 KiB of it, with its time", async () => {
    const [one, other] = [await aws.instance(), await aws.instance()];
    await publishConsole(emulator.endpoint, one, Buffer.from("first"));
    await publishConsole(emulator.endpoint, one, Buffer.concat([Buffer.alloc(70_000, "a"), Buffer.from("é\r\n")]));
    const { Output, Timestamp, InstanceId } = await outputOf(one);
    const text = Buffer.from(Output!, "base64");
    expect([InstanceId, text.length, text.subarray(-5).toString()]).to.deep.equal([one, 65_536, "aé\r\n"]);
    expect(Date.now() - Timestamp!.getTime()).to.be.within(-1_000, 20_000);
    expect(await outputOf(other)).to.deep.include({ InstanceId: other }).and.not.have.property("Output");
  });

  it("stays for a while when the instance has ended, and there is none without an instance", async () => {
    const id = await aws.instance();
    await publishConsole(emulator.endpoint, id, Buffer.from("last words"));
    await aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(Buffer.from((await outputOf(id)).Output!, "base64").toString()).to.equal("last words");
    expect(await outputOf("i-0123456789abcdef0").catch((error: unknown) => (error as Error).name)).to.equal("InvalidInstanceID.NotFound");
  });

  it("is taken in one form only", async () => {
    const put = (path: string, method = "PUT"): Promise<number> => fetch(`${emulator.endpoint}/moonback/console${path}`, { method, ...(method === "GET" ? {} : { body: "x" }) }).then(({ status }) => status);
    expect(await Promise.all([put(""), put("?instance=x"), put("?instance=i-1", "POST"), put("?instance=i-1", "GET")])).to.deep.equal([400, 400, 400, 400]);
  });
});
