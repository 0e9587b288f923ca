import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { Network, type NetworkArgs } from "../../components/network.ts";
import { bastionServices } from "../../components/ports.ts";
import { declare, named, settled, type Declared } from "./mocks.ts";

const args: NetworkArgs = {
  environment: "lab",
  title: "moonback-lab",
  vpcCidr: "10.10.0.0/16",
  subnetCidr: "10.10.0.0/24",
  availabilityZone: "eu-west-1a",
  operatorPrefix: "2001:db8:77::/64",
  flowLogRetentionDays: 7,
};
const network = (over: Partial<NetworkArgs> = {}) => declare((watch) => new Network("net", { ...args, ...over }, { transformations: [watch] }));

interface Rule {
  readonly cidrBlocks?: readonly string[];
  readonly ipv6CidrBlocks?: readonly string[];
  readonly fromPort: number;
  readonly toPort: number;
}
const rules = (resources: readonly Declared[], name: string, direction: "ingress" | "egress"): Rule[] => named(resources, name).inputs[direction] as Rule[];
const ranges = (list: readonly Rule[]): string[] => list.flatMap(({ cidrBlocks = [], ipv6CidrBlocks = [] }) => [...cidrBlocks, ...ipv6CidrBlocks]);

describe("the network component", function () {
  this.timeout(20_000);

  it("declares exactly these resources, each below its component", async () => {
    const { resources } = await network();
    const lines = resources.map(({ lineage }) => lineage.map(({ type, name }) => `${type.split("/").at(-1) ?? ""} ${name}`).join(" > "));
    const top = "moonback:network:Network net";
    expect(lines.sort()).to.deep.equal(
      [
        top,
        `${top} > vpc:Vpc net-vpc`,
        `${top} > internetGateway:InternetGateway net-igw`,
        `${top} > subnet:Subnet net-subnet`,
        `${top} > routeTable:RouteTable net-routes`,
        `${top} > routeTableAssociation:RouteTableAssociation net-routes-subnet`,
        `${top} > moonback:network:SecurityGroups net-groups`,
        `${top} > moonback:network:SecurityGroups net-groups > defaultSecurityGroup:DefaultSecurityGroup net-groups-default`,
        `${top} > moonback:network:SecurityGroups net-groups > securityGroup:SecurityGroup net-groups-bastion`,
        `${top} > moonback:network:SecurityGroups net-groups > securityGroup:SecurityGroup net-groups-node`,
        `${top} > moonback:network:FlowLog net-flow-log`,
        `${top} > moonback:network:FlowLog net-flow-log > logGroup:LogGroup net-flow-log-group`,
        `${top} > moonback:network:FlowLog net-flow-log > role:Role net-flow-log-role`,
        `${top} > moonback:network:FlowLog net-flow-log > rolePolicy:RolePolicy net-flow-log-policy`,
        `${top} > moonback:network:FlowLog net-flow-log > flowLog:FlowLog net-flow-log`,
      ].sort(),
    );
  });

  const title = { Name: "moonback-lab" };
  const inputs: Record<string, { type: string; inputs: object }> = {
    "net-vpc": {
      type: "aws:ec2/vpc:Vpc",
      inputs: { cidrBlock: "10.10.0.0/16", assignGeneratedIpv6CidrBlock: true, enableDnsSupport: true, enableDnsHostnames: true, tags: title },
    },
    "net-igw": { type: "aws:ec2/internetGateway:InternetGateway", inputs: { vpcId: "net-vpc-id", tags: title } },
    "net-subnet": {
      type: "aws:ec2/subnet:Subnet",
      inputs: {
        vpcId: "net-vpc-id",
        cidrBlock: "10.10.0.0/24",
        ipv6CidrBlock: "2001:db8:1234:ab00::/64",
        availabilityZone: "eu-west-1a",
        assignIpv6AddressOnCreation: false,
        mapPublicIpOnLaunch: false,
        tags: title,
      },
    },
    "net-routes": {
      type: "aws:ec2/routeTable:RouteTable",
      inputs: {
        vpcId: "net-vpc-id",
        routes: [
          { cidrBlock: "0.0.0.0/0", gatewayId: "net-igw-id" },
          { ipv6CidrBlock: "::/0", gatewayId: "net-igw-id" },
        ],
        tags: title,
      },
    },
    "net-routes-subnet": { type: "aws:ec2/routeTableAssociation:RouteTableAssociation", inputs: { subnetId: "net-subnet-id", routeTableId: "net-routes-id" } },
    "net-groups-default": { type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", inputs: { vpcId: "net-vpc-id", ingress: [], egress: [], tags: { Name: "default-closed" } } },
    "net-groups-bastion": {
      type: "aws:ec2/securityGroup:SecurityGroup",
      inputs: {
        name: "bastion-sg",
        description: "Bastion: SSH from the operator, netboot services for the nodes",
        vpcId: "net-vpc-id",
        ingress: [
          { protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["2001:db8:77::/64"], description: "SSH from the operator" },
          { protocol: "udp", fromPort: 53, toPort: 53, cidrBlocks: ["10.10.0.0/24"], description: "dns, from the nodes" },
          { protocol: "tcp", fromPort: 53, toPort: 53, cidrBlocks: ["10.10.0.0/24"], description: "dns over tcp, from the nodes" },
          { protocol: "tcp", fromPort: 8080, toPort: 8080, cidrBlocks: ["10.10.0.0/24"], description: "matchbox, from the nodes" },
          { protocol: "tcp", fromPort: 5050, toPort: 5054, cidrBlocks: ["10.10.0.0/24"], description: "registry caches, from the nodes" },
          { protocol: "tcp", fromPort: 3128, toPort: 3128, cidrBlocks: ["10.10.0.0/24"], description: "forward proxy, from the nodes" },
          { protocol: "tcp", fromPort: 6443, toPort: 6443, cidrBlocks: ["10.10.0.0/24"], description: "kubernetes api, from the nodes" },
        ],
        egress: [
          { protocol: "tcp", fromPort: 80, toPort: 80, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"], description: "web, port 80" },
          { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"], description: "web, port 443" },
          { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["10.10.0.0/16"], description: "everything inside the VPC" },
        ],
        tags: { Name: "bastion-sg" },
      },
    },
    "net-groups-node": {
      type: "aws:ec2/securityGroup:SecurityGroup",
      inputs: {
        name: "node-sg",
        description: "Talos nodes: each other and the bastion, nothing outside the VPC",
        vpcId: "net-vpc-id",
        ingress: [
          { protocol: "-1", fromPort: 0, toPort: 0, self: true, description: "between nodes" },
          { protocol: "-1", fromPort: 0, toPort: 0, securityGroups: ["net-groups-bastion-id"], description: "from the bastion" },
        ],
        egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["10.10.0.0/16"], description: "inside the VPC only" }],
        tags: { Name: "node-sg" },
      },
    },
    "net-flow-log-group": { type: "aws:cloudwatch/logGroup:LogGroup", inputs: { name: "/moonback/lab/flow-log", retentionInDays: 7 } },
    "net-flow-log": {
      type: "aws:ec2/flowLog:FlowLog",
      inputs: {
        vpcId: "net-vpc-id",
        trafficType: "ALL",
        logDestinationType: "cloud-watch-logs",
        logDestination: "arn:aws:logs:eu-west-1:123456789012:log-group:the-group",
        iamRoleArn: "arn:aws:iam::123456789012:role/the-role",
        maxAggregationInterval: 60,
      },
    },
  };
  for (const [name, expected] of Object.entries(inputs)) {
    it(`gives ${name} exactly these inputs`, async () => {
      const { resources } = await network();
      const { type, inputs: given } = named(resources, name);
      expect({ type, inputs: given }).to.deep.equal(expected);
    });
  }

  it("lets only this account's flow logs take the role, to write only to their group", async () => {
    const { resources } = await network();
    const { assumeRolePolicy, ...role } = named(resources, "net-flow-log-role").inputs;
    expect(role).to.deep.equal({ name: "moonback-lab-flow-log", path: "/moonback/", description: "Lets VPC flow logs write to their log group" });
    expect(JSON.parse(assumeRolePolicy as string)).to.have.deep.property("Statement", [
      {
        Effect: "Allow",
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
    const { policy, ...attachment } = named(resources, "net-flow-log-policy").inputs;
    expect(attachment).to.deep.equal({ name: "write-flow-log", role: "moonback-lab-flow-log" });
    const arn = "arn:aws:logs:eu-west-1:123456789012:log-group:the-group";
    expect(JSON.parse(policy as string)).to.have.deep.property("Statement", [
      { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], Resource: [arn, `${arn}:*`] },
    ]);
  });

  it("makes way before it replaces a subnet, and does not wait long to delete what is held", async () => {
    const { resources } = await network();
    expect(named(resources, "net-subnet").opts).to.deep.include({ deleteBeforeReplace: true, customTimeouts: { delete: "5m" } });
    expect(named(resources, "net-vpc").opts).to.deep.include({ customTimeouts: { delete: "5m" } });
  });

  it("hands on what the later stages need", async () => {
    const { result } = await network();
    const outputs = {
      vpcId: "net-vpc-id",
      vpcIpv6Cidr: "2001:db8:1234:ab00::/56",
      subnetId: "net-subnet-id",
      subnetIpv6Cidr: "2001:db8:1234:ab00::/64",
      bastionSecurityGroupId: "net-groups-bastion-id",
      nodeSecurityGroupId: "net-groups-node-id",
      flowLogGroupName: "/moonback/lab/flow-log",
    };
    for (const [name, value] of Object.entries(outputs)) {
      const output: unknown = Reflect.get(result, name);
      if (!pulumi.Output.isInstance(output)) throw new Error(`${name} is no output`);
      expect(await settled(output), name).to.deep.equal({ value, secret: false });
    }
  });

  it("opens SSH to nobody when no operator is named", async () => {
    const { resources } = await network({ operatorPrefix: undefined });
    const ingress = rules(resources, "net-groups-bastion", "ingress");
    expect(ingress).to.have.length(bastionServices.length);
    expect(ingress.filter(({ fromPort, toPort }) => fromPort <= 22 && toPort >= 22)).to.deep.equal([]);
    expect(ingress.every(({ ipv6CidrBlocks }) => ipv6CidrBlocks === undefined)).to.equal(true);
  });

  it("lets the tunnel home out, and nothing else with it, where there is one", async () => {
    const egress = async (over: Partial<NetworkArgs>) => rules((await network(over)).resources, "net-groups-bastion", "egress").map((rule) => JSON.stringify(rule));
    const [without, withTunnel] = [await egress({}), await egress({ tunnelPort: 51820 })];
    expect(withTunnel.filter((rule) => !without.includes(rule)).map((rule) => JSON.parse(rule) as Rule)).to.deep.equal([
      { protocol: "udp", fromPort: 51820, toPort: 51820, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"], description: "tunnel home" },
    ]);
  });

  for (const [vpcCidr, subnetCidr, operatorPrefix] of [
    ["10.10.0.0/16", "10.10.0.0/24", "2001:db8:77::/64"],
    ["10.20.0.0/16", "10.20.13.0/24", "2001:db8:1::/48"],
    ["10.20.13.128/28", "10.20.13.128/28", "2001:db8::7/128"],
    ["172.16.0.0/20", "172.16.3.0/26", undefined],
    ["192.168.0.0/17", "192.168.64.0/18", "::1/128"],
  ] as const) {
    it(`is private by construction with the plan ${vpcCidr}, ${subnetCidr}, ${operatorPrefix ?? "no operator"}`, async () => {
      const { resources } = await network({ vpcCidr, subnetCidr, operatorPrefix });
      expect(named(resources, "net-vpc").inputs["cidrBlock"]).to.equal(vpcCidr);
      expect(named(resources, "net-subnet").inputs["cidrBlock"]).to.equal(subnetCidr);
      const groups = resources.filter(({ type }) => /ecurityGroup$/.test(type)).map(({ name }) => name);
      expect(groups).to.have.length(3);
      const ingress = groups.flatMap((name) => rules(resources, name, "ingress"));
      expect(new Set(ranges(ingress)), "who may come in").to.deep.equal(new Set([subnetCidr, ...(operatorPrefix === undefined ? [] : [operatorPrefix])]));
      expect(ranges(rules(resources, "net-groups-node", "egress")), "where nodes may go").to.deep.equal([vpcCidr]);
      expect(ranges(rules(resources, "net-groups-default", "egress"))).to.deep.equal([]);
      const outside = rules(resources, "net-groups-bastion", "egress").filter((rule) => ranges([rule]).some((range) => range.endsWith("/0")));
      expect(outside.map(({ fromPort, toPort }) => [fromPort, toPort]), "what the bastion may ask outside").to.deep.equal([[80, 80], [443, 443]]);
      expect(resources.map(({ type }) => type).filter((type) => /nat|eip|egressOnly|vpcEndpoint/i.test(type))).to.deep.equal([]);
    });
  }

  it("keeps two environments apart by every name that is unique in an account", async () => {
    const namesIn = async (environment: string) => {
      const { resources } = await network({ environment });
      return [named(resources, "net-flow-log-group"), named(resources, "net-flow-log-role")].map(({ inputs: given }) => given["name"] as string);
    };
    const [one, two] = [await namesIn("lab"), await namesIn("lab2")];
    expect(one.filter((name) => two.includes(name))).to.deep.equal([]);
  });
});
