import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { causeOf, causeOfError, causes } from "../../automation/failures.ts";
import { complaintIn } from "../../automation/recovery/pulumi.ts";
import { ExitCode } from "../../common/errors.ts";

/**
 * What is really said, by what it means: of Node and Go from their libc's words, of AWS from the lists of common errors (EC2, IAM,
 * STS, S3) and the SDKs' sources, of Pulumi 3.255 as its CLI printed it.
 */
const samples: Readonly<Record<string, readonly string[]>> = {
  "The disk is full.": [
    "Error ENOSPC: no space left on device, write",
    "saving snapshot: blob (key \".pulumi/stacks/moon-and-back/demo-network.json\") (code=Unknown): write /s/x.tmp1: no space left on device",
    "nothing can be written to /r/20260102T030405Z-abcd.processes (is the disk full?): an engine that is not written down is not started",
  ],
  "Your disk quota is used up.": ["Error EDQUOT: disk quota exceeded, write", "write /home/ann/.local/state/x: disk quota exceeded"],
  "The system refuses you access.": [
    "Error EACCES: permission denied, open '/home/ann/.local/state/moonback/demo/run.lock'", "Error EROFS: read-only file system, mkdir '/r/.moonback'", "Error EPERM: operation not permitted, link '/r/a' -> '/r/b'",
    "failed to load checkpoint: blob (key \".pulumi/stacks/x.json\") (code=PermissionDenied): open /s/x.json: permission denied",
  ],
  "The AWS credentials have expired.": [
    "ExpiredToken The security token included in the request is expired",
    "operation error EC2: DescribeVpcs, https response error StatusCode: 400, RequestID: 3f0, api error RequestExpired: Request has expired.",
    "ExpiredTokenException: The security token included in the request is expired",
    "TokenProviderError Token is expired. To refresh this SSO session run 'aws sso login' with the corresponding profile.",
    "CredentialsProviderError The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.",
    "get credentials: failed to refresh cached credentials, the SSO session has expired or is invalid: open /home/ann/.aws/sso/cache/1.json: no such file or directory",
  ],
  "This machine's clock and AWS's differ by too much.": [
    "RequestTimeTooSkewed The difference between the request time and the current time is too large.",
    "SignatureDoesNotMatch: Signature expired: 20260102T030405Z is now earlier than 20260102T031905Z (20260102T033405Z - 15 min.)",
    "InvalidSignatureException: Signature not yet current: 20260102T040405Z is still later than 20260102T031905Z",
  ],
  "AWS limits how often this account may call it, and went on refusing.": [
    "RequestLimitExceeded: Request limit exceeded.", "Throttling: Rate exceeded", "api error ThrottlingException: Rate exceeded", "SlowDown: Please reduce your request rate.", "TooManyRequestsException: Rate exceeded",
  ],
  "AWS has no such machine left in this availability zone.": [
    "InsufficientInstanceCapacity: We currently do not have sufficient t4g.small capacity in the Availability Zone you requested (eu-west-1a).",
    "Launching a new EC2 instance. Status Reason: We currently do not have sufficient t4g.small capacity in the Availability Zone you requested (eu-west-1a).",
  ],
  "The passphrase does not open the state.": [
    "could not deserialize deployment: failed to decrypt: incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE to the correct passphrase or set PULUMI_CONFIG_PASSPHRASE_FILE to a file containing the passphrase",
    "constructing secrets manager of type \"passphrase\": constructing secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
  ],
  "The state is damaged.": [
    "failed to load checkpoint: place 1: unexpected end of JSON input", "failed to load checkpoint: place 1: invalid character '\\x00' looking for beginning of value", "failed to load checkpoint: unexpected end of JSON input",
    "failed to load checkpoint: json: cannot unmarshal string into Go struct field DeploymentV3.latest.resources of type []apitype.ResourceV3",
  ],
  "The state contradicts itself, and the engine refuses it.": [
    "The Pulumi CLI encountered a snapshot integrity error. This is a bug!",
    "getting snapshot: snapshot integrity failure; refusing to use it: resource urn:pulumi:demo-network::moon-and-back::aws:ec2/vpc:Vpc::vpc refers to unknown provider urn:pulumi:demo-network::moon-and-back::pulumi:providers:aws::aws::1",
    "2 errors occurred: 1) state file contains errors: resource urn:x refers to unknown provider urn:y 2) importing this file could be dangerous; rerun with --force to proceed anyway",
  ],
  "A lock of the stack is cut short: nobody can tell whose it is.": ["unexpected end of JSON input", "could not import deployment: unexpected end of JSON input"],
  "A newer Pulumi CLI has written the state.": ["failed to load checkpoint: unsupported checkpoint version 9", "the stack 'demo-network' is newer than what this version of the Pulumi CLI understands. Please update your version of the Pulumi CLI"],
  "The backend's own mark is damaged.": ["corrupt store: missing version in \".pulumi/meta.yaml\"", "corrupt store: unmarshal \".pulumi/meta.yaml\": yaml: line 1: did not find expected node content"],
  "A provider plugin is missing.": [
    "could not load provider for resource urn:pulumi:t::m::aws:ec2/vpc:Vpc::vpc: could not create provider urn:pulumi:t::m::pulumi:providers:aws::aws::1: load plugin for aws provider 'urn:pulumi:t::m::pulumi:providers:aws::aws': no resource plugin 'pulumi-resource-aws' found in the workspace or on your $PATH",
    "no resource plugin 'pulumi-resource-aws' found in the workspace at version v7.48.0 or on your $PATH",
    "Could not automatically download and install resource plugin 'pulumi-resource-aws' at version v7.48.0, install the plugin using `pulumi plugin install resource aws v7.48.0`: 403 HTTP error fetching plugin from https://get.pulumi.com/x",
    "could not find latest version for provider aws: Get \"https://api.github.com/repos/pulumi/pulumi-aws/releases/latest\": dial tcp: lookup api.github.com: no such host",
  ],
  "A provider plugin has ended by itself, or was killed.": [
    "rpc error: code = Unavailable desc = error reading from server: EOF",
    "Detected that /r/rehearsal/providers/bin/pulumi-resource-aws exited prematurely. This is *always* a bug in the provider. Please report the issue to the provider author as appropriate.",
  ],
  "What was asked does not answer any more.": [
    "Error connect ECONNREFUSED 127.10.0.1:4566", "Error read ECONNRESET", "Error socket hang up", "Error getaddrinfo ENOTFOUND ec2.eu-west-1.amazonaws.com", "Error getaddrinfo EAI_AGAIN sts.eu-west-1.amazonaws.com", "Error connect ETIMEDOUT 52.95.1.1:443",
    "Post \"https://ec2.eu-west-1.amazonaws.com/\": dial tcp 52.95.1.1:443: connect: connection refused", "read tcp 10.0.0.2:5->52.95.1.1:443: read: connection reset by peer", "dial tcp: lookup ec2.eu-west-1.amazonaws.com on 1.1.1.1:53: no such host", "dial tcp 52.95.1.1:443: connect: network is unreachable",
    "moto: no answer from http://127.10.0.1:4566",
  ],
};

/** What is said every day, and means none of these. */
const ordinary: readonly string[] = [
  "",
  "urn:pulumi:demo-network::moon-and-back::moonback:network:Network$aws:ec2/vpc:Vpc::network-vpc",
  "registry-docker.io answers 403 at http://10.10.0.100:5050/v2/",
  "subnet-0a1b2c 10.10.0.0/24 (moto, an AWS emulator, at http://127.10.0.1:4566)",
  "AccessDenied: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:CreateRole on resource: role moonback-demo-flow",
  "UnauthorizedOperation: You are not authorized to perform this operation.",
  "DependencyViolation: The subnet 'subnet-1' has dependencies and cannot be deleted.",
  "InvalidParameterValue: Value (10.10.0.0/33) for parameter cidrBlock is invalid.",
  "VpcLimitExceeded: The maximum number of VPCs has been reached.",
  "aws:ec2/networkInterface:NetworkInterface resource 'eni' has a problem: Invalid or unknown key. Examine values at 'eni.subnets'.",
  "error: update failed",
  "error: preview failed",
  "refusing to proceed with expected changes",
  "no stack named 'demo-network' found",
  "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.",
  "resource plugin aws is expected to have version >=7.48.0, but has 7.40.0; the wrong version may be on your path",
  "TypeError Cannot read properties of undefined (reading 'id')",
  "SyntaxError Unexpected end of JSON input",
  "RangeError Invalid time value",
  "TimeoutError: the bastion's group did not become healthy: 0 of 1 in service (waited 600.0 s)",
  "exit status 1: running \"cloud-init status --wait\": status: error",
  "expected 3 throttled requests, saw 2",
  "The token of the operator is set; its expiry is 2027-01-01.",
  "the disk of the bastion is 8 GB, gp3, encrypted",
  "pihole blocks doubleclick.net: 0.0.0.0",
];

describe("failures that are nobody's bug", () => {
  for (const { means } of causes) {
    it(`are known by what is said: ${means}`, () => {
      expect(samples[means], "a sample of each cause").to.be.an("array").that.is.not.empty;
      for (const text of samples[means] ?? []) {
        expect(causeOf(text)?.means, text).to.equal(means);
        // As the engine's diagnostics name it.
        expect(causeOf(`network-vpc: creating EC2 VPC:\n${text}\nupdate failed`)?.means, text).to.equal(means);
      }
    });
  }

  it("have no sample of what is not in the list", () => {
    expect(Object.keys(samples).filter((means) => !causes.some((cause) => cause.means === means))).to.deep.equal([]);
  });

  it("say what to do in a command or a sentence, and are no success", () => {
    for (const { fix, exitCode = ExitCode.failed, means } of causes) {
      expect(fix, means).to.match(/^[A-Z`].+[.]$/);
      expect(exitCode, means).to.be.oneOf([ExitCode.failed, ExitCode.usage, ExitCode.locked]);
    }
  });

  it("are known by codes and causes, too, however deep they are", () => {
    const refused = (): Error => Object.assign(new Error(""), { code: "ECONNREFUSED" });
    const down = "What was asked does not answer any more.";
    expect(causeOfError(refused())?.means).to.equal(down);
    expect(causeOfError(new AggregateError([new Error("first"), refused()], ""))?.means, "of every address of a host").to.equal(down);
    expect(causeOfError(new Error("DescribeVpcs failed", { cause: new Error("request", { cause: refused() }) }))?.means).to.equal(down);
    expect(causeOfError(Object.assign(new Error("Request has been refused."), { name: "ExpiredToken" }))?.means).to.equal("The AWS credentials have expired.");
    expect([causeOfError("read ECONNRESET")?.means, causeOfError(undefined), causeOfError(new Error("it broke")), causeOfError(new TypeError("x is undefined", { cause: "nothing" }))]).to.deep.equal([down, undefined, undefined, undefined]);
  });

  it("are about who asks only where any question would be answered so", () => {
    expect(causes.filter(({ ofWhoAsks }) => ofWhoAsks === true).map(({ means }) => means)).to.deep.equal([
      "The AWS credentials have expired.", "This machine's clock and AWS's differ by too much.", "AWS limits how often this account may call it, and went on refusing.",
    ]);
  });

  it("are not taken for what is said every day", () => {
    for (const text of ordinary) expect(causeOf(text)?.means, text).to.equal(undefined);
  });

  it("are not taken for what the project says of itself", () => {
    for (const file of ["docs/cli.md", "docs/gates.md"]) {
      const lines = readFileSync(join(import.meta.dirname, "../..", file), "utf8").split("\n");
      expect(lines.filter((line) => causeOf(line) !== undefined), file).to.deep.equal([]);
    }
  });
});

describe("what the CLI says went wrong", () => {
  it("is its error on one line, without what it warned of before", () => {
    expect(complaintIn("warning: removing pending operation 'creating' on 'urn:x' from snapshot\nerror: 2 errors occurred:\n    1) state file contains errors: a\n    2) importing this file could be dangerous\n")).to.equal("2 errors occurred: 1) state file contains errors: a 2) importing this file could be dangerous");
    expect(complaintIn("error: no stack named 'x' found\n")).to.equal("no stack named 'x' found");
  });

  it("is all of it where it names no error", () => {
    expect([complaintIn("pulumi: not found\n"), complaintIn("")]).to.deep.equal(["pulumi: not found", ""]);
  });
});
