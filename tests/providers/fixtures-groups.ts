import type { SecurityGroup } from "@aws-sdk/client-ec2";
import { ec2Tags, otherRegion, otherTags, retagEc2, TAGS, VPC } from "./fixtures-network.ts";
import type { Fixture, Lab } from "./lab.ts";

const HTTPS = { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"], description: "registries" };
const SSH = { protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["2001:db8::1/128"], description: "operator" };
const DNS = { IpProtocol: "udp", FromPort: 53, ToPort: 53, IpRanges: [{ CidrIp: "10.0.0.0/8" }] };

/** One line a rule and peer, as AWS has it. */
function lines(permissions: SecurityGroup["IpPermissions"]): string[] {
  return (permissions ?? []).flatMap((permission) =>
    [...(permission.IpRanges ?? []), ...(permission.Ipv6Ranges ?? []), ...(permission.UserIdGroupPairs ?? [])].map((peer) => {
      const address = "CidrIp" in peer ? peer.CidrIp : "CidrIpv6" in peer ? peer.CidrIpv6 : "GroupId" in peer ? peer.GroupId : "";
      return `${permission.IpProtocol ?? ""} ${String(permission.FromPort ?? "")} ${address ?? ""} ${peer.Description ?? ""}`;
    }),
  ).sort();
}

async function observeGroup(lab: Lab, id: string) {
  const { SecurityGroups: [live] = [] } = await lab.aws.ec2.describeSecurityGroups({ GroupIds: [id] });
  return { ingress: lines(live?.IpPermissions), egress: lines(live?.IpPermissionsEgress), tags: await ec2Tags(lab, id) };
}

const ruleChanges = {
  ingress: {
    to: [SSH, { protocol: "-1", fromPort: 0, toPort: 0, self: true }],
    expect: "update",
    observed: (_lab: Lab, subject: { id: string }) => Promise.resolve([`-1  ${subject.id} `, "tcp 22 2001:db8::1/128 operator"]),
  },
  egress: {
    to: [{ ...HTTPS, cidrBlocks: ["10.0.0.0/8", "192.168.0.0/16"] }],
    expect: "update",
    observed: ["tcp 443 10.0.0.0/8 registries", "tcp 443 192.168.0.0/16 registries"],
  },
} as const;

const rulesBehindTheBack: Fixture["behindTheBack"] = {
  ingress: (lab, { id }) => lab.aws.ec2.authorizeSecurityGroupIngress({ GroupId: id, IpPermissions: [DNS] }),
  egress: (lab, { id }) => lab.aws.ec2.authorizeSecurityGroupEgress({ GroupId: id, IpPermissions: [DNS] }),
};

const securityGroup: Fixture = {
  token: "aws:ec2/securityGroup:SecurityGroup",
  secret: "tags",
  outputs: ["arn", "ownerId", "region", "tagsAll"],
  inputs: async (lab) => ({
    name: `group-${String(lab.next())}`, vpcId: (await lab.make(VPC)).id, ingress: [SSH], egress: [HTTPS], tags: TAGS,
  }),
  changes: {
    name: { to: "another", expect: "replace" },
    description: { to: "another", expect: "replace" },
    vpcId: { to: "vpc-0other", expect: "replace" },
    ...ruleChanges,
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: { ...rulesBehindTheBack, tags: retagEc2 },
  observe: observeGroup,
};

const defaultSecurityGroup: Fixture = {
  token: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
  secret: "tags",
  outputs: ["arn", "description", "name", "ownerId", "region", "tagsAll"],
  inputs: async (lab) => ({ vpcId: (await lab.make(VPC)).id, tags: TAGS }),
  changes: {
    vpcId: { to: "vpc-0other", expect: "replace" },
    ...ruleChanges,
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: { ...rulesBehindTheBack, tags: retagEc2 },
  observe: observeGroup,
};

export const groupFixtures: readonly Fixture[] = [securityGroup, defaultSecurityGroup];
