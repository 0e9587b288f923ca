// Where moto's answer about parameters and instance profiles is not AWS's, and the rehearsal's is.

import * as iam from "@aws-sdk/client-iam";
import * as ssm from "@aws-sdk/client-ssm";
import { expect } from "chai";
import type { Aws } from "./aws.ts";
import { account, region, unique } from "./aws.ts";
import { useEmulator } from "./use.ts";

describe("the rehearsal's AWS, secrets and identities", function () {
  this.timeout(30_000);
  let aws: Aws;

  useEmulator((_, client) => {
    aws = client;
  });

  it("shows a SecureString in clear only where it is decrypted", async () => {
    const Name = unique("/moonback/test/secret");
    const made = await aws.ssm.send(new ssm.PutParameterCommand({ Name, Value: "hush-hush", Type: "SecureString", Tags: [{ Key: "env", Value: "test" }] }));
    expect(made).to.include({ Version: 1, Tier: "Standard" });
    const get = async (WithDecryption: boolean): Promise<ssm.Parameter> =>
      (await aws.ssm.send(new ssm.GetParameterCommand({ Name, WithDecryption }))).Parameter!;
    expect(await get(true)).to.include({ Name, Type: "SecureString", Value: "hush-hush", Version: 1, ARN: `arn:aws:ssm:${region}:${account}:parameter${Name}` });
    const sealed = (await get(false)).Value!;
    expect(sealed).to.match(/^[\w+/]{40,}=*$/);
    expect(Buffer.from(sealed, "base64").toString("latin1")).to.not.contain("hush");
    expect((await aws.ssm.send(new ssm.PutParameterCommand({ Name, Value: "other", Type: "SecureString", Overwrite: true }))).Version).to.equal(2);
    expect((await get(true)).Value).to.equal("other");
    await aws.ssm.send(new ssm.AddTagsToResourceCommand({ ResourceType: "Parameter", ResourceId: Name, Tags: [{ Key: "stage", Value: "bastion" }] }));
    const tags = await aws.ssm.send(new ssm.ListTagsForResourceCommand({ ResourceType: "Parameter", ResourceId: Name }));
    expect(tags.TagList).to.have.deep.members([{ Key: "env", Value: "test" }, { Key: "stage", Value: "bastion" }]);
    const seen = await aws.ssm.send(new ssm.DescribeParametersCommand({ ParameterFilters: [{ Key: "tag:stage", Values: ["bastion"] }] }));
    expect(seen.Parameters).to.have.lengthOf(1);
    expect(seen.Parameters![0]).to.include({ Name, Type: "SecureString", KeyId: "alias/aws/ssm", Tier: "Standard", Version: 2 });
    expect(JSON.stringify(seen)).to.not.contain("hush");
  });

  it("shows an instance profile's tags where AWS does, and not in lists", async () => {
    const role = await aws.role();
    const [InstanceProfileName, Tags] = [await aws.profile(role), [{ Key: "stage", Value: "bastion" }]];
    await aws.iam.send(new iam.TagInstanceProfileCommand({ InstanceProfileName, Tags }));
    const seen = (await aws.iam.send(new iam.GetInstanceProfileCommand({ InstanceProfileName }))).InstanceProfile!;
    expect(seen.Tags).to.deep.equal(Tags);
    expect(seen.Roles!.map((one) => one.RoleName)).to.deep.equal([role]);
    expect((await aws.iam.send(new iam.ListInstanceProfileTagsCommand({ InstanceProfileName }))).Tags).to.deep.equal(Tags);
    const lists = [new iam.ListInstanceProfilesCommand({}), new iam.ListInstanceProfilesForRoleCommand({ RoleName: role })];
    for (const list of lists) {
      const found = (await aws.iam.send(list as iam.ListInstanceProfilesCommand)).InstanceProfiles!.filter((one) => one.InstanceProfileName === InstanceProfileName);
      expect(found.map((one) => one.Tags ?? [])).to.deep.equal([[]]);
    }
  });
});
