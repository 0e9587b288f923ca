import * as aws from "@pulumi/aws";
import { output, type Output, type CustomResource, type CustomResourceOptions, secret } from "@pulumi/pulumi";

/** What a program made of every type can be told to do differently. */
export interface Variation {
  /** Put into one secret input of every type that can carry it. */
  readonly canary?: string;
  /** Ids to import, by resource name. */
  readonly imports?: Readonly<Record<string, string>>;
}

/** One resource of every type the stand-in knows, wired as a real network is. */
export function everyType({ canary, imports }: Variation = {}): Record<string, CustomResource> {
  const region = "eu-west-1";
  const provider = new aws.Provider("aws", { region, allowedAccountIds: ["123456789012"], skipMetadataApiCheck: true });
  const options = (name: string): CustomResourceOptions => {
    const id = imports?.[name];
    return { provider, ...(id === undefined ? {} : { import: id }) };
  };
  const tags = (name: string): Record<string, Output<string> | string> => ({
    Name: name, "moonback:urn": name, env: "test", ...(canary === undefined ? {} : { canary: secret(canary) }),
  });
  const hidden = <T>(value: T): Output<T> => (canary === undefined ? output(value) : secret(value)) as Output<T>;
  const statement = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*", ...(canary === undefined ? {} : { Sid: canary }) };

  const vpc = new aws.ec2.Vpc("vpc", {
    cidrBlock: "10.10.0.0/16", assignGeneratedIpv6CidrBlock: true, enableDnsHostnames: true, tags: tags("vpc"),
  }, options("vpc"));
  const subnet = new aws.ec2.Subnet("subnet", {
    vpcId: vpc.id, cidrBlock: "10.10.0.0/24", availabilityZone: `${region}a`, tags: tags("subnet"),
    ipv6CidrBlock: vpc.ipv6CidrBlock.apply((block) => block.replace("/56", "/64")),
  }, options("subnet"));
  const gateway = new aws.ec2.InternetGateway("gateway", { vpcId: vpc.id, tags: tags("gateway") }, options("gateway"));
  const table = new aws.ec2.RouteTable("table", {
    vpcId: vpc.id, tags: tags("table"),
    routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }, { ipv6CidrBlock: "::/0", gatewayId: gateway.id }],
  }, options("table"));
  const association = new aws.ec2.RouteTableAssociation("association", {
    subnetId: subnet.id, routeTableId: table.id.apply(hidden),
  }, options("association"));
  const none = new aws.ec2.DefaultSecurityGroup("default-group", { vpcId: vpc.id, ingress: [], egress: [], tags: tags("default-group") }, options("default-group"));
  const group = new aws.ec2.SecurityGroup("group", {
    name: "bastion", description: "bastion", vpcId: vpc.id, tags: tags("group"),
    ingress: [
      { protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["2001:db8::1/128"], description: "operator" },
      { protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["2001:db8::2/128"], description: "operator" },
    ],
    egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
  }, options("group"));
  const logGroup = new aws.cloudwatch.LogGroup("log-group", { name: "/moonback/flow", retentionInDays: 1, tags: tags("log-group") }, options("log-group"));
  const role = new aws.iam.Role("role", {
    name: "flow-log", tags: tags("role"),
    assumeRolePolicy: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "vpc-flow-logs.amazonaws.com" }, Action: "sts:AssumeRole" }] },
  }, options("role"));
  const policy = new aws.iam.RolePolicy("policy", {
    role: role.id, name: "logs", policy: hidden(JSON.stringify({ Version: "2012-10-17", Statement: [statement] })),
  }, options("policy"));
  const flowLog = new aws.ec2.FlowLog("flow-log", {
    vpcId: vpc.id, trafficType: "ALL", logDestination: logGroup.arn, iamRoleArn: role.arn, maxAggregationInterval: 60, tags: tags("flow-log"),
  }, options("flow-log"));

  return { vpc, subnet, gateway, table, association, "default-group": none, group, "log-group": logGroup, role, policy, "flow-log": flowLog };
}
