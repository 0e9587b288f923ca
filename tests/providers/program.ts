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

  const { id: imageId } = debianImage(provider);
  // What AWS does not know cannot be imported.
  const local = imports === undefined ? { updateDefaultVersion: true } : {};
  const eni = new aws.ec2.NetworkInterface("interface", {
    subnetId: subnet.id, privateIps: ["10.10.0.100"], securityGroups: [group.id], tags: tags("interface"),
    ipv6Addresses: [subnet.ipv6CidrBlock.apply((block) => block.replace("::/64", "::100"))],
  }, options("interface"));
  const profile = new aws.iam.InstanceProfile("profile", { name: "bastion", role: role.name, tags: tags("profile") }, options("profile"));
  const parameter = new aws.ssm.Parameter("parameter", {
    name: "/moonback/test", type: "SecureString", value: canary ?? "opensesame", tags: tags("parameter"),
  }, options("parameter"));
  const template = new aws.ec2.LaunchTemplate("template", {
    name: "bastion", ...local, imageId, instanceType: "t4g.small", tags: tags("template"),
    userData: hidden(userData(canary)),
    creditSpecification: { cpuCredits: "standard" },
    iamInstanceProfile: { name: profile.name },
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    networkInterfaces: [{ networkInterfaceId: eni.id, deviceIndex: 0 }],
    blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeSize: 8, volumeType: "gp3", encrypted: "true" } }],
  }, options("template"));
  const machines = new aws.autoscaling.Group("machines", {
    name: "bastion", availabilityZones: [`${region}a`], minSize: 0, maxSize: 1, desiredCapacity: 1,
    launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
    tags: Object.entries(tags("machines")).map(([key, value]) => ({ key, value, propagateAtLaunch: key === "Name" })),
  }, options("machines"));
  const schedule = new aws.autoscaling.Schedule("schedule", {
    autoscalingGroupName: machines.name, scheduledActionName: "stop", recurrence: hidden("0 23 * * *"), timeZone: "Europe/Dublin",
  }, options("schedule"));

  return {
    vpc, subnet, gateway, table, association, "default-group": none, group, "log-group": logGroup, role, policy, "flow-log": flowLog,
    interface: eni, profile, parameter, template, machines, schedule,
  };
}

/** What the machine does at its first boot, with something in it that nobody may read. */
export function userData(canary = "nothing"): string {
  return Buffer.from(`#!/bin/sh\necho ${canary}\n`).toString("base64");
}

export function debianImage(provider: aws.Provider): Output<aws.ec2.GetAmiResult> {
  return aws.ec2.getAmiOutput({ owners: ["136693071363"], filters: [{ name: "name", values: ["debian-13-arm64-20251117-2299"] }] }, { provider });
}
