import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { expect } from "chai";
import { execa } from "execa";
import { renderFetchSecrets, renderSecretsList } from "../../components/render/fetch-secrets.ts";
import { startEmulator, type Emulator } from "../emulator/start.ts";
import { motoPython } from "../moto-tool.ts";

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot really\n-----END OPENSSH PRIVATE KEY-----\n";
const credentials = { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" };

describe("fetch-secrets", function () {
  this.timeout(60_000);
  let emulator: Emulator;
  let folder: string;

  before(async () => {
    emulator = await startEmulator();
    const ssm = new SSMClient({ endpoint: emulator.endpoint, region: "eu-west-1", credentials });
    for (const [Name, Value] of [["/moonback/lab/bastion/ssh-host-key", key], ["/moonback/lab/bastion/wireguard-key", "one line without end"]]) {
      await ssm.send(new PutParameterCommand({ Name, Value, Type: "SecureString" }));
    }
    ssm.destroy();
  });
  after(() => emulator.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moonback secrets "));
    writeFileSync(join(folder, "fetch-secrets"), renderFetchSecrets());
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = (name: string): string => join(folder, "secrets", name);
  /** Runs the program as the machine does, for these parameters; each goes to a file of its last word. */
  async function fetch(parameters: readonly string[], variables: Record<string, string> = {}) {
    const list = join(folder, "secrets.json");
    writeFileSync(list, renderSecretsList(parameters.map((parameter) => ({ parameter, path: file(parameter.split("/").at(-1) ?? "?") }))));
    const { exitCode, stdout, stderr } = await execa(motoPython, [join(folder, "fetch-secrets"), list], {
      extendEnv: false,
      env: {
        AWS_ENDPOINT_URL: emulator.endpoint, AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "rehearsal", AWS_SECRET_ACCESS_KEY: "rehearsal",
        FETCH_SECRETS_TRIES: "3", FETCH_SECRETS_PAUSE_SECONDS: "0", ...variables,
      },
      reject: false, timeout: 30_000,
    });
    return { code: exitCode, stdout, stderr };
  }

  /** Whom the program's client would ask. */
  async function endpointOf(variables: Record<string, string>): Promise<string> {
    writeFileSync(join(folder, "endpoint"), renderFetchSecrets().replace("\nmain()\n", "\nprint(client().meta.endpoint_url)\n"));
    const env = { AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x", ...variables };
    return (await execa(motoPython, [join(folder, "endpoint")], { extendEnv: false, env, timeout: 30_000 })).stdout;
  }

  it("writes every secret for its owner only, ended by a newline", async () => {
    expect(await fetch(["/moonback/lab/bastion/ssh-host-key", "/moonback/lab/bastion/wireguard-key"])).to.deep.equal({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(file("ssh-host-key"), "utf8")).to.equal(key);
    expect(readFileSync(file("wireguard-key"), "utf8")).to.equal("one line without end\n");
    for (const name of ["ssh-host-key", "wireguard-key"]) expect(statSync(file(name)).mode & 0o777, name).to.equal(0o600);
    expect(statSync(join(folder, "secrets")).mode & 0o777).to.equal(0o700);
    expect(readdirSync(join(folder, "secrets")).sort()).to.deep.equal(["ssh-host-key", "wireguard-key"]);
  });

  it("replaces what is there, and what an earlier run left half-written", async () => {
    await fetch(["/moonback/lab/bastion/ssh-host-key"]);
    rmSync(file("ssh-host-key"));
    writeFileSync(file("ssh-host-key"), "old", { mode: 0o644 });
    writeFileSync(file("ssh-host-key.new"), "half", { mode: 0o644 });
    expect((await fetch(["/moonback/lab/bastion/ssh-host-key"])).code).to.equal(0);
    expect(readFileSync(file("ssh-host-key"), "utf8")).to.equal(key);
    expect(statSync(file("ssh-host-key")).mode & 0o777).to.equal(0o600);
    expect(readdirSync(join(folder, "secrets"))).to.deep.equal(["ssh-host-key"]);
  });

  it("says in one line which parameter is not there, without trying again", async () => {
    const { code, stdout, stderr } = await fetch(["/moonback/lab/bastion/nothing", "/moonback/lab/bastion/ssh-host-key"]);
    expect([code, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.match(/^fetch-secrets: \/moonback\/lab\/bastion\/nothing: .*ParameterNotFound.* \(try 1 of 3\)$/);
    expect(existsSync(file("nothing"))).to.equal(false);
  });

  it("tries again while AWS cannot answer", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers["x-amz-target"] as string);
      request.resume();
      response.setHeader("content-type", "application/x-amz-json-1.1");
      if (asked.length < 3) response.writeHead(400).end(JSON.stringify({ __type: "AccessDeniedException", message: "the role is not there yet" }));
      else response.end(JSON.stringify({ Parameter: { Name: "late", Value: "in the end" } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await fetch(["late"], { AWS_ENDPOINT_URL: endpoint })).to.include({ code: 0, stderr: "" });
      expect(asked).to.deep.equal(["AmazonSSM.GetParameter", "AmazonSSM.GetParameter", "AmazonSSM.GetParameter"]);
      expect(readFileSync(file("late"), "utf8")).to.equal("in the end\n");
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("gives up in the end, in one line with the parameter and the last reason", async () => {
    const { code, stderr } = await fetch(["/moonback/lab/bastion/ssh-host-key"], { AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^fetch-secrets: \/moonback\/lab\/bastion\/ssh-host-key: Could not connect to the endpoint URL: .*127\.0\.0\.1:1.* \(try 3 of 3\)$/);
  });

  it("asks the dual-stack endpoint of its region, since the machine may have IPv6 only", async () => {
    expect(await endpointOf({ AWS_REGION: "eu-west-1" })).to.equal("https://ssm.eu-west-1.api.aws");
  });

  it("learns its region from the instance's metadata, by token", async () => {
    const metadata = createServer((request, response) => {
      if (request.method === "PUT" && request.url === "/latest/api/token") return response.end("the token");
      const known = request.headers["x-aws-ec2-metadata-token"] === "the token" && request.url?.startsWith("/latest/meta-data/placement/availability-zone");
      return known ? response.end("eu-central-1b") : response.writeHead(401).end();
    });
    await new Promise<void>((resolve) => metadata.listen(0, "127.0.0.1", resolve));
    try {
      const endpoint = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`;
      expect(await endpointOf({ AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint })).to.equal("https://ssm.eu-central-1.api.aws");
    } finally {
      metadata.close();
      metadata.closeAllConnections();
    }
  });

  it("says how it is used", async () => {
    const { exitCode, stderr } = await execa(motoPython, [join(folder, "fetch-secrets")], { reject: false, timeout: 30_000 });
    expect([exitCode, stderr]).to.deep.equal([1, "usage: fetch-secrets LIST"]);
  });
});
