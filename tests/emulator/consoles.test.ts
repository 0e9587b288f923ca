// How EC2 shows what a machine has printed.

import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { publishConsole } from "../../rehearsal/netboot/console-output.ts";
import type { Aws } from "./aws.ts";
import type { Emulator } from "./start.ts";
import { useEmulator } from "./use.ts";

describe("EC2's console output", () => {
  let emulator: Emulator;
  let aws: Aws;
  useEmulator((started, client) => {
    [emulator, aws] = [started, client];
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
