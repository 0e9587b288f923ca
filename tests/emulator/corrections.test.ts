// Where moto's answer to a call that succeeds is not AWS's, and the rehearsal's is.

import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { expect } from "chai";
import type { Aws } from "./aws.ts";
import { account, refused, region, unique } from "./aws.ts";
import { useEmulator } from "./use.ts";

describe("the rehearsal's AWS answers", function () {
  this.timeout(30_000);
  let aws: Aws;

  useEmulator((_, client) => {
    aws = client;
  });

  const routesOf = async (table: string): Promise<ec2.Route[]> =>
    (await aws.ec2.send(new ec2.DescribeRouteTablesCommand({ RouteTableIds: [table] }))).RouteTables![0]!.Routes!;
  const groupOf = async (id: string): Promise<ec2.SecurityGroup> =>
    (await aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [id] }))).SecurityGroups![0]!;
  const vpcOf = async (id: string): Promise<ec2.Vpc> => (await aws.ec2.send(new ec2.DescribeVpcsCommand({ VpcIds: [id] }))).Vpcs![0]!;
  const subnetOf = async (id: string): Promise<ec2.Subnet> =>
    (await aws.ec2.send(new ec2.DescribeSubnetsCommand({ SubnetIds: [id] }))).Subnets![0]!;

  describe("about networks", () => {
    it("with blocks in canonical form", async () => {
      const vpc = (await aws.ec2.send(new ec2.CreateVpcCommand({ CidrBlock: "10.20.13.140/16" }))).Vpc!;
      expect(vpc.CidrBlock).to.equal("10.20.0.0/16");
      expect((await subnetOf(await aws.subnet(vpc.VpcId!, "10.20.1.7/24"))).CidrBlock).to.equal("10.20.1.0/24");
      const [table, gateway] = [await aws.routeTable(vpc.VpcId!), await aws.gateway(vpc.VpcId)];
      await aws.ec2.send(new ec2.CreateRouteCommand({ RouteTableId: table, DestinationIpv6CidrBlock: "2001:0DB8::1/32", GatewayId: gateway }));
      expect((await routesOf(table)).map((r) => r.DestinationIpv6CidrBlock)).to.include("2001:db8::/32");
    });

    it("with Amazon's IPv6 block in canonical form and with its border group", async () => {
      // moto's blocks are random, and one in eight or so would have a leading zero.
      for (let n = 0; n < 40; n++) {
        const { id, ipv6 } = await aws.vpc(true);
        expect(ipv6).to.match(/^2400:6500:([1-9a-f][0-9a-f]{0,3}|0)(:[1-9a-f][0-9a-f]{0,3})?::\/56$/);
        if (n === 0) {
          const block = (await vpcOf(id)).Ipv6CidrBlockAssociationSet![0]!;
          expect(block).to.include({ NetworkBorderGroup: region, Ipv6Pool: "Amazon" });
          expect(block.Ipv6CidrBlockState).to.deep.equal({ State: "associated" });
        }
      }
    });

    it("with a subnet's IPv6 association, and no public addresses by default", async () => {
      const { subnet, six } = await aws.dualStack();
      const seen = await subnetOf(subnet);
      expect(seen.Ipv6CidrBlockAssociationSet).to.have.lengthOf(1);
      expect(seen.Ipv6CidrBlockAssociationSet![0]).to.deep.include({ Ipv6CidrBlock: six(0), Ipv6CidrBlockState: { State: "associated" } });
      expect(seen).to.include({ AssignIpv6AddressOnCreation: false, MapPublicIpOnLaunch: false, DefaultForAz: false, State: "available" });
    });

    it("with no public addresses in the only subnet of a zone", async () => {
      const filters = [{ Name: "default-for-az", Values: ["true"] }];
      const defaults = (await aws.ec2.send(new ec2.DescribeSubnetsCommand({ Filters: filters }))).Subnets!;
      for (const { SubnetId } of defaults) await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId }));
      const zones = (await aws.ec2.send(new ec2.DescribeAvailabilityZonesCommand({}))).AvailabilityZones!;
      const { id } = await aws.vpc();
      for (const [n, { ZoneName }] of zones.entries()) {
        const input = { VpcId: id, CidrBlock: `10.10.${n}.0/24`, AvailabilityZone: ZoneName! };
        const made = (await aws.ec2.send(new ec2.CreateSubnetCommand(input))).Subnet!;
        expect(made).to.include({ MapPublicIpOnLaunch: false, DefaultForAz: false });
      }
    });

    it("with the local IPv6 route for as long as the block is there", async () => {
      const { id } = await aws.vpc();
      const table = (await aws.mainTable(id)).RouteTableId!;
      const made = await aws.ec2.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: id, AmazonProvidedIpv6CidrBlock: true }));
      const block = made.Ipv6CidrBlockAssociation!;
      expect(await routesOf(table)).to.deep.include({
        DestinationIpv6CidrBlock: block.Ipv6CidrBlock, GatewayId: "local", Origin: "CreateRouteTable", State: "active",
      });
      await aws.ec2.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId: block.AssociationId! }));
      expect((await routesOf(table)).map((r) => r.DestinationCidrBlock)).to.deep.equal(["10.10.0.0/16"]);
      expect(await routesOf(await aws.routeTable(id))).to.have.lengthOf(1);
      expect((await vpcOf(id)).Ipv6CidrBlockAssociationSet ?? []).to.be.empty;
    });

    it("with the /64 free again once the subnet gave it up", async () => {
      const { subnet, association, six } = await aws.dualStack();
      await aws.ec2.send(new ec2.DisassociateSubnetCidrBlockCommand({ AssociationId: association }));
      await aws.ec2.send(new ec2.AssociateSubnetCidrBlockCommand({ SubnetId: subnet, Ipv6CidrBlock: six(0) }));
      expect((await subnetOf(subnet)).Ipv6CidrBlockAssociationSet).to.have.lengthOf(1);
    });

    it("with black holes where a route's gateway is detached", async () => {
      const { id } = await aws.vpc();
      const [gateway, table] = [await aws.gateway(id), await aws.routeTable(id)];
      await aws.ec2.send(new ec2.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway }));
      const state = async (): Promise<string | undefined> => (await routesOf(table)).find((r) => r.GatewayId === gateway)?.State;
      const igw = { InternetGatewayId: gateway, VpcId: id };
      expect(await state()).to.equal("active");
      await aws.ec2.send(new ec2.DetachInternetGatewayCommand(igw));
      expect(await state()).to.equal("blackhole");
      await aws.ec2.send(new ec2.AttachInternetGatewayCommand(igw));
      expect(await state()).to.equal("active");
      const filters = [{ Name: "attachment.vpc-id", Values: [id] }];
      const seen = await aws.ec2.send(new ec2.DescribeInternetGatewaysCommand({ Filters: filters }));
      expect(seen.InternetGateways!.map((g) => g.Attachments)).to.deep.equal([[{ State: "available", VpcId: id }]]);
    });

    it("with black holes where a route's interface, NAT gateway or instance is gone", async () => {
      const { vpc, subnet } = await aws.network();
      const table = await aws.routeTable(vpc);
      const face = await aws.interface(subnet);
      const nat = (await aws.ec2.send(new ec2.CreateNatGatewayCommand({ SubnetId: subnet, ConnectivityType: "private" }))).NatGateway!.NatGatewayId!;
      const instance = await aws.instance({ SubnetId: subnet });
      const targets = { "192.0.2.0/24": { NetworkInterfaceId: face }, "198.51.100.0/24": { NatGatewayId: nat }, "203.0.113.0/24": { InstanceId: instance } };
      for (const [DestinationCidrBlock, target] of Object.entries(targets)) {
        await aws.ec2.send(new ec2.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock, ...target }));
      }
      const states = async (): Promise<(string | undefined)[]> => (await routesOf(table)).map((r) => r.State);
      expect(await states()).to.deep.equal(["active", "active", "active", "active"]);
      await aws.ec2.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: face }));
      expect(await states()).to.deep.equal(["active", "blackhole", "active", "active"]);
      await aws.ec2.send(new ec2.DeleteNatGatewayCommand({ NatGatewayId: nat }));
      expect(await states()).to.deep.equal(["active", "blackhole", "blackhole", "active"]);
      await aws.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [instance] }));
      expect(await states()).to.deep.equal(["active", "blackhole", "blackhole", "blackhole"]);
    });

    it("with nothing left of a deleted subnet: its route table can go", async () => {
      const { vpc, subnet } = await aws.network();
      const table = await aws.routeTable(vpc);
      await aws.ec2.send(new ec2.AssociateRouteTableCommand({ RouteTableId: table, SubnetId: subnet }));
      await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
      await aws.ec2.send(new ec2.DeleteRouteTableCommand({ RouteTableId: table }));
      const filters = [{ Name: "vpc-id", Values: [vpc] }];
      const acls = async (): Promise<ec2.NetworkAcl[]> => (await aws.ec2.send(new ec2.DescribeNetworkAclsCommand({ Filters: filters }))).NetworkAcls!;
      expect((await acls()).flatMap((acl) => acl.Associations)).to.be.empty;
      await aws.ec2.send(new ec2.DeleteVpcCommand({ VpcId: vpc }));
      expect(await acls()).to.be.empty;
    });

    it("to calls at the same time as if they came one after the other", async () => {
      const { vpc, subnet } = await aws.network();
      await Promise.all(Array.from({ length: 100 }, () => aws.interface(subnet)));
      const filters = [{ Name: "vpc-id", Values: [vpc] }];
      const seen = (await aws.ec2.send(new ec2.DescribeNetworkInterfacesCommand({ Filters: filters }))).NetworkInterfaces!;
      expect(new Set(seen.map((n) => n.PrivateIpAddress))).to.have.lengthOf(100);
    });
  });

  describe("about security groups", () => {
    const all = (more: Partial<ec2.IpPermission>): object =>
      ({ IpProtocol: "-1", IpRanges: [], Ipv6Ranges: [], PrefixListIds: [], UserIdGroupPairs: [], ...more });

    it("with the rules AWS gives a VPC's default group", async () => {
      for (const ipv6 of [false, true]) {
        const group = (await aws.groups((await aws.vpc(ipv6)).id))[0]!;
        expect(group.GroupName).to.equal("default");
        expect(group.IpPermissions).to.deep.equal([all({ UserIdGroupPairs: [{ GroupId: group.GroupId, UserId: account }] })]);
        const Ipv6Ranges = ipv6 ? [{ CidrIpv6: "::/0" }] : [];
        expect(group.IpPermissionsEgress).to.deep.equal([all({ IpRanges: [{ CidrIp: "0.0.0.0/0" }], Ipv6Ranges })]);
      }
    });

    it("with ::/0 egress for the groups nobody changed, when IPv6 comes later", async () => {
      const { id } = await aws.vpc();
      const [untouched, changed] = [await aws.group(id), await aws.group(id)];
      const everything = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
      await aws.ec2.send(new ec2.RevokeSecurityGroupEgressCommand({ GroupId: changed, IpPermissions: everything }));
      await aws.ec2.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: id, AmazonProvidedIpv6CidrBlock: true }));
      expect((await groupOf(untouched)).IpPermissionsEgress![0]!.Ipv6Ranges).to.deep.equal([{ CidrIpv6: "::/0" }]);
      expect((await groupOf(changed)).IpPermissionsEgress).to.deep.equal([]);
    });

    it("with every rule a call added, whole", async () => {
      const group = await aws.group((await aws.vpc()).id);
      const made = await aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: "2001:0db8::1/64", Description: "home" }] },
          { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: group }] },
        ],
        TagSpecifications: [{ ResourceType: "security-group-rule", Tags: [{ Key: "stage", Value: "network" }] }],
      }));
      const common = { GroupId: group, GroupOwnerId: account, IsEgress: false, Tags: [{ Key: "stage", Value: "network" }] };
      const added = made.SecurityGroupRules!.map(({ SecurityGroupRuleId, ...rule }) => {
        expect(SecurityGroupRuleId).to.match(/^sgr-/);
        return rule;
      });
      expect(added).to.deep.equal([
        { ...common, IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIpv6: "2001:db8::/64", Description: "home" },
        { ...common, IpProtocol: "-1", FromPort: -1, ToPort: -1, ReferencedGroupInfo: { GroupId: group, UserId: account } },
      ]);
      expect((await groupOf(group)).IpPermissions!.find((p) => p.IpProtocol === "-1")).to.not.have.property("FromPort");
    });

    it("with every egress rule a call added", async () => {
      const GroupId = await aws.group((await aws.vpc()).id);
      const IpPermissions = ["192.0.2.0/24", "198.51.100.0/24"].map((CidrIp, n) => ({ IpProtocol: "udp", FromPort: n, ToPort: n, IpRanges: [{ CidrIp }] }));
      const made = await aws.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
      expect(made.SecurityGroupRules!.map((r) => [r.IsEgress, r.CidrIpv4])).to.deep.equal([[true, "192.0.2.0/24"], [true, "198.51.100.0/24"]]);
    });

    it("with nothing changed by a call that is refused", async () => {
      const GroupId = await aws.group((await aws.vpc()).id);
      const permission = (port: number): ec2.IpPermission => ({ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp: "192.0.2.0/24" }] });
      await aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission(22)] }));
      await refused(aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission(23), permission(22)] })));
      expect((await groupOf(GroupId)).IpPermissions!.map((p) => p.FromPort)).to.deep.equal([22]);
    });

    it("to a source group whatever the rule's description is", async () => {
      const GroupId = await aws.group((await aws.vpc()).id);
      const permission = (more: object): ec2.IpPermission[] => [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId, ...more }] }];
      await aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: permission({ Description: "members" }) }));
      await aws.ec2.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: permission({}) }));
      expect((await groupOf(GroupId)).IpPermissions).to.deep.equal([]);
    });
  });

  describe("about interfaces and gateways", () => {
    it("with free addresses, none of them AWS's own", async () => {
      const { id } = await aws.vpc();
      const subnet = await aws.subnet(id, "10.10.0.0/28");
      await aws.interface(subnet, { PrivateIpAddress: "10.10.0.5" });
      for (let n = 0; n < 10; n++) await aws.interface(subnet);
      const filters = [{ Name: "vpc-id", Values: [id] }];
      const seen = (await aws.ec2.send(new ec2.DescribeNetworkInterfacesCommand({ Filters: filters }))).NetworkInterfaces!;
      const expected = Array.from({ length: 11 }, (_, n) => `10.10.0.${n + 4}`);
      expect(seen.map((n) => n.PrivateIpAddress)).to.have.members(expected);
    });

    it("with an IPv6 address where the subnet assigns them, and none where it does not", async () => {
      const { subnet } = await aws.dualStack();
      const count = async (): Promise<number> => {
        const made = await aws.ec2.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet }));
        return made.NetworkInterface!.Ipv6Addresses!.length;
      };
      expect(await count()).to.equal(0);
      await aws.ec2.send(new ec2.ModifySubnetAttributeCommand({ SubnetId: subnet, AssignIpv6AddressOnCreation: { Value: true } }));
      expect(await count()).to.equal(1);
    });

    it("with NAT gateways by VPC, state and tag, and their interface gone with them", async () => {
      const { vpc, subnet } = await aws.network();
      const tag = { Key: unique("nat"), Value: "any" };
      const made = await aws.ec2.send(new ec2.CreateNatGatewayCommand({
        SubnetId: subnet, ConnectivityType: "private", TagSpecifications: [{ ResourceType: "natgateway", Tags: [tag] }],
      }));
      const id = made.NatGateway!.NatGatewayId!;
      const list = async (...Filter: ec2.Filter[]): Promise<(string | undefined)[]> =>
        (await aws.ec2.send(new ec2.DescribeNatGatewaysCommand({ Filter }))).NatGateways!.map((n) => n.NatGatewayId);
      expect(await list({ Name: "vpc-id", Values: [vpc] }, { Name: "state", Values: ["available"] })).to.deep.equal([id]);
      expect(await list({ Name: `tag:${tag.Key}`, Values: ["any"] })).to.deep.equal([id]);
      expect(await list({ Name: `tag:${tag.Key}`, Values: ["other"] })).to.deep.equal([]);
      await aws.ec2.send(new ec2.DeleteNatGatewayCommand({ NatGatewayId: id }));
      expect(await list({ Name: "vpc-id", Values: [vpc] }, { Name: "state", Values: ["available"] })).to.deep.equal([]);
      await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
    });

    it("with egress-only gateways by tag", async () => {
      const { id } = await aws.vpc(true);
      const tag = unique("egress");
      const made = await aws.ec2.send(new ec2.CreateEgressOnlyInternetGatewayCommand({
        VpcId: id, TagSpecifications: [{ ResourceType: "egress-only-internet-gateway", Tags: [{ Key: tag, Value: "any" }] }],
      }));
      const list = async (value: string): Promise<(string | undefined)[]> => {
        const Filters = [{ Name: `tag:${tag}`, Values: [value] }];
        const seen = await aws.ec2.send(new ec2.DescribeEgressOnlyInternetGatewaysCommand({ Filters }));
        return seen.EgressOnlyInternetGateways!.map((g) => g.EgressOnlyInternetGatewayId);
      };
      expect(await list("any")).to.deep.equal([made.EgressOnlyInternetGateway!.EgressOnlyInternetGatewayId]);
      expect(await list("other")).to.deep.equal([]);
    });
  });

  describe("about logs and identities", () => {
    it("with a flow log that delivers to a group given by its ARN", async () => {
      const [{ id }, group] = [await aws.vpc(), await aws.logGroup()];
      const made = await aws.ec2.send(new ec2.CreateFlowLogsCommand({
        ResourceIds: [id], ResourceType: "VPC", TrafficType: "ALL", LogDestinationType: "cloud-watch-logs", LogDestination: group.arn,
        DeliverLogsPermissionArn: `arn:aws:iam::${account}:role/flow`, MaxAggregationInterval: 60,
      }));
      const seen = (await aws.ec2.send(new ec2.DescribeFlowLogsCommand({ FlowLogIds: made.FlowLogIds! }))).FlowLogs![0];
      expect(seen).to.include({
        DeliverLogsStatus: "SUCCESS", FlowLogStatus: "ACTIVE", LogGroupName: group.name, LogDestination: group.arn,
        MaxAggregationInterval: 60, ResourceId: id, TrafficType: "ALL",
      });
    });

    it("with a log group's class, and no tags of an earlier group of that name", async () => {
      const { name, arn } = await aws.logGroup({ stage: "network" });
      const tags = async (): Promise<object | undefined> =>
        (await aws.logs.send(new logs.ListTagsForResourceCommand({ resourceArn: arn }))).tags;
      expect(await tags()).to.deep.equal({ stage: "network" });
      await aws.logs.send(new logs.DeleteLogGroupCommand({ logGroupName: name }));
      await aws.logs.send(new logs.CreateLogGroupCommand({ logGroupName: name }));
      expect(await tags()).to.deep.equal({});
      const seen = await aws.logs.send(new logs.DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
      expect(seen.logGroups![0]).to.include({ logGroupClass: "STANDARD", arn: `${arn}:*`, logGroupArn: arn });
    });

    it("with an IAM user as the caller, and a role's policies URL-encoded", async () => {
      const caller = await aws.sts.send(new GetCallerIdentityCommand({}));
      expect(caller).to.include({ Account: account });
      expect(caller.Arn).to.match(new RegExp(`^arn:aws:iam::${account}:user/`));
      const seen = await aws.iam.send(new iam.GetRoleCommand({ RoleName: await aws.role() }));
      const trust = decodeURIComponent(seen.Role!.AssumeRolePolicyDocument!);
      expect(JSON.parse(trust)).to.have.nested.property("Statement[0].Action", "sts:AssumeRole");
    });
  });
});
