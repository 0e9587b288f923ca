// The emulator as a process: whose it is, what it writes down, what it cannot do and how it says so.

import { ListAnomaliesCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeSecurityGroupsCommand, DescribeVpcBlockPublicAccessOptionsCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import { GetServiceLastAccessedDetailsCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { Aws, credentials, refused } from "./aws.ts";
import { runEmulator, startEmulator, type Emulator } from "./start.ts";

describe("the rehearsal's AWS as a process", function () {
  this.timeout(30_000);
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
      const calls = [() => aws.ec2.send(new DescribeVpcsCommand({ Filters })), () => aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters }))];
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
