// The emulator as a process: whose it is, what it writes down, what it cannot do and how it says so.

import { ListAnomaliesCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeInstancesCommand, DescribeInstanceStatusCommand, DescribeSecurityGroupsCommand, DescribeTagsCommand, DescribeVpcBlockPublicAccessOptionsCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import { GetServiceLastAccessedDetailsCommand } from "@aws-sdk/client-iam";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { expect } from "chai";
import { setTimeout as delay } from "node:timers/promises";
import { Aws, credentials, refused } from "./aws.ts";
import { runEmulator, startEmulator, type Emulator } from "./start.ts";
import { useEmulator } from "./use.ts";

describe("the rehearsal's AWS as a process", function () {
  this.timeout(30_000);
  let emulator: Emulator;
  let aws: Aws;

  useEmulator((started, client) => {
    [emulator, aws] = [started, client];
  });

  it("tells whose world it is", async () => {
    const answer: unknown = await (await fetch(`${emulator.endpoint}/moonback/world`)).json();
    expect(answer).to.deep.equal({ env: "test", epoch: emulator.epoch, moto: "5.2.5", pid: emulator.pid });
  });

  describe("types what it does not implement", () => {
    const gap = { code: "MoonbackNotImplemented", status: 501 };

    it("in EC2's XML", async () => {
      const seen = await refused(aws.ec2.send(new DescribeVpcBlockPublicAccessOptionsCommand({})));
      expect(seen).to.include(gap);
      expect(seen.message).to.contain("ec2:DescribeVpcBlockPublicAccessOptions");
    });

    it("in the query protocol's XML", async () => {
      const seen = await refused(aws.iam.send(new GetServiceLastAccessedDetailsCommand({ JobId: "0".repeat(36) })));
      expect(seen).to.include(gap);
      expect(seen.message).to.contain("iam:GetServiceLastAccessedDetails");
    });

    it("in JSON", async () => {
      const seen = await refused(aws.logs.send(new ListAnomaliesCommand({})));
      expect(seen).to.include(gap);
      expect(seen.message).to.contain("logs:ListAnomalies");
    });

    it("for a filter it would otherwise pass over or fall over", async () => {
      const Filters = [{ Name: "nonsense", Values: ["any"] }];
      await aws.instance(); // filters are looked at where there is something to filter
      const calls = [() => aws.ec2.send(new DescribeVpcsCommand({ Filters })), () => aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters })),
        () => aws.ec2.send(new DescribeInstancesCommand({ Filters })), () => aws.ec2.send(new DescribeTagsCommand({ Filters })),
        () => aws.ec2.send(new DescribeInstanceStatusCommand({ Filters })),
      ];
      for (const call of calls) {
        const seen = await refused(call());
        expect(seen).to.include(gap);
        expect(seen.message).to.contain("nonsense");
      }
    });

    const authorization = (service: string): string =>
      `AWS4-HMAC-SHA256 Credential=AKIDSECRET/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=f00d`;

    it("for a whole service, in JSON", async () => {
      const headers = { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AWSFreeTierService.GetFreeTierUsage", Authorization: authorization("freetier") };
      const answer = await fetch(emulator.endpoint, { method: "POST", body: "{}", headers });
      expect(answer.status).to.equal(501);
      expect(answer.headers.get("content-type")).to.equal("application/x-amz-json-1.0");
      expect(await answer.json()).to.deep.include({ __type: "MoonbackNotImplemented" });
    });

    it("for a whole service, in XML", async () => {
      const headers = { "Content-Type": "application/x-www-form-urlencoded", Authorization: authorization("nonsense") };
      const answer = await fetch(emulator.endpoint, { method: "POST", body: "Action=ListNonsense&Version=2020-01-01", headers });
      expect(answer.status).to.equal(501);
      expect(await answer.text()).to.match(/<ErrorResponse><Error><Code>MoonbackNotImplemented<.*nonsense:ListNonsense/);
    });
  });

  it("logs each request, marks writes, and keeps credentials and bodies to itself", async () => {
    const secret = { accessKeyId: "AKIDVERYSECRET", secretAccessKey: "hush-hush", sessionToken: "token-of-a-session" };
    const start = (await emulator.log()).length;
    const { vpc } = await aws.network();
    await aws.groups(vpc);
    await refused(aws.vpc().then(async ({ id }) => aws.subnet(id, "192.0.2.0/24")));
    const headers = { Authorization: `AWS4-HMAC-SHA256 Credential=${secret.accessKeyId}/20260101/eu-west-1/sts/aws4_request, Signature=f00d`, "X-Amz-Security-Token": secret.sessionToken };
    await fetch(emulator.endpoint, { method: "POST", body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }), headers });

    const lines = (await emulator.log()).slice(start);
    expect(lines.map(({ service, action, write, status }) => `${service}:${action} ${write ? "write" : "read"} ${status}`)).to.deep.equal([
      "ec2:CreateVpc write 200",
      "ec2:CreateSubnet write 200",
      "ec2:DescribeSecurityGroups read 200",
      "ec2:CreateVpc write 200",
      "ec2:CreateSubnet write 400",
      "sts:GetCallerIdentity read 200",
    ]);
    for (const line of lines) {
      expect(line).to.have.all.keys("at", "service", "action", "write", "status");
      expect(Date.parse(line.at)).to.be.greaterThan(0);
    }
    const text = await emulator.logText();
    for (const word of [credentials.accessKeyId, ...Object.values(secret), "f00d", "10.10.0.0"]) expect(text).to.not.contain(word);
  });

  it("keeps user data and parameter values to itself, refused ones too, and in what it prints", async () => {
    const value = "-----BEGIN OPENSSH PRIVATE KEY-----";
    const other = await startEmulator();
    const client = new Aws(other.endpoint);
    const Name = "/moonback/test/key";
    await client.ssm.send(new PutParameterCommand({ Name, Value: value, Type: "SecureString" }));
    await client.ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
    await refused(client.ssm.send(new PutParameterCommand({ Name, Value: value, Type: "SecureString" })));
    await client.template({ UserData: Buffer.from(value).toString("base64") });
    await refused(client.template({ UserData: `${Buffer.from(value).toString("base64")}?` }));
    const [text, log] = [await other.logText(), await other.log()];
    client.destroy();
    expect(log.map(({ service, action, status }) => `${service}:${action} ${status}`)).to.deep.equal([
      "ssm:PutParameter 200", "ssm:GetParameter 200", "ssm:PutParameter 400", "ec2:CreateLaunchTemplate 200", "ec2:CreateLaunchTemplate 400",
    ]);
    for (const word of [value, "OPENSSH", Buffer.from(value).toString("base64"), Name]) expect(text).to.not.contain(word);
    expect(await other.stop()).to.deep.equal({ code: 0, stderr: "" });
  });

  describe("counts changes for those who watch", () => {
    const ask = async (query: string, at = emulator.endpoint): Promise<{ status: number; body: { changes: number } }> => {
      const answer = await fetch(`${at}/moonback/changes${query}`);
      return { status: answer.status, body: (await answer.json()) as { changes: number } };
    };
    const count = async (): Promise<number> => (await ask("")).body.changes;

    it("counts writes, and neither reads nor questions about itself", async () => {
      const before = await count();
      await aws.ec2.send(new DescribeVpcsCommand({}));
      await fetch(`${emulator.endpoint}/moonback/world`);
      await fetch(`${emulator.endpoint}/nonsense`);
      expect(await count()).to.equal(before);
      await aws.network();
      expect(await count()).to.equal(before + 2);
    });

    it("answers at once when there is something new, else when it comes, else when the wait is over", async () => {
      const now = await count();
      expect(await ask(`?after=${now - 1}&wait=20`)).to.deep.equal({ status: 200, body: { changes: now } });
      const watching = ask(`?after=${now}&wait=20`);
      const answered = Promise.race([watching.then(() => "answered"), delay(200).then(() => "waiting")]);
      expect(await answered).to.equal("waiting");
      await aws.vpc();
      expect((await watching).body).to.deep.equal({ changes: now + 1 });
      const started = Date.now();
      expect((await ask(`?after=${now + 1}&wait=0.3`)).body).to.deep.equal({ changes: now + 1 });
      expect(Date.now() - started).to.be.within(250, 5_000);
    });

    it("says what it wants to be asked", async () => {
      for (const query of ["?after=any", "?after=0&wait=-1", "?after=0&wait=nan"]) expect((await ask(query)).status, query).to.equal(400);
    });

    it("neither holds up others nor its own end while somebody waits", async () => {
      const other = await startEmulator();
      const client = new Aws(other.endpoint);
      const watchers = Array.from({ length: 20 }, () => ask("?after=1000&wait=25", other.endpoint).catch(() => "cut off"));
      await delay(200);
      await client.vpc();
      client.destroy();
      const started = Date.now();
      expect(await other.stop()).to.deep.equal({ code: 0, stderr: "" });
      expect(Date.now() - started).to.be.lessThan(1_000);
      expect(new Set(await Promise.all(watchers))).to.deep.equal(new Set(["cut off"]));
    });
  });

  const arguments_ = (host: string, port: number): string[] => ["--host", host, "--port", `${port}`, "--epoch", "any", "--request-log", "/dev/null"];

  it("listens on loopback only", () => {
    for (const host of ["0.0.0.0", "10.10.0.1", "::", "example.org"]) {
      const run = runEmulator(...arguments_(host, 4566));
      expect(run.code, host).to.equal(2);
      expect(run.stderr, host).to.equal(`emulator: --host ${host} is not a loopback address; use one in 127.0.0.0/8, or ::1\n`);
    }
  });

  it("says in one line that its port is in use", () => {
    const run = runEmulator(...arguments_(emulator.host, emulator.port));
    expect(run.code).to.equal(3);
    expect(run.stderr).to.equal(`emulator: cannot listen on ${emulator.host} port ${emulator.port}: Address already in use\n`);
  });

  it("says which arguments are missing", () => {
    const run = runEmulator("--port", "4566");
    expect(run.code).to.equal(2);
    expect(run.stderr).to.contain("missing --host, --epoch, --request-log");
  });

  it("ends cleanly and quietly when told to", async () => {
    const other = await startEmulator();
    const client = new Aws(other.endpoint);
    await client.vpc();
    client.destroy();
    expect(await other.stop()).to.deep.equal({ code: 0, stderr: "" });
  });
});
