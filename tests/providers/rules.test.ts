import { expect } from "chai";
import { routesKind, routesOf } from "../../rehearsal/providers/aws/routes.ts";
import { diffInputs } from "../../rehearsal/providers/diff.ts";
import { UNKNOWN } from "../../rehearsal/providers/values.ts";
import { rulesKind, rulesOf } from "../../rehearsal/providers/aws/rules.ts";

describe("rules of a security group", () => {
  const ssh = { protocol: "tcp", fromPort: 22, toPort: 22 };

  it("are equal however they are grouped, ordered and spelled", () => {
    const one = [{ ...ssh, cidrBlocks: ["10.0.0.0/8", "192.168.0.0/16"], ipv6CidrBlocks: ["2001:DB8::/32"] }];
    const two = [
      { ...ssh, protocol: "6", ipv6CidrBlocks: ["2001:db8:0::/32"], cidrBlocks: [], self: false, description: "" },
      { ...ssh, cidrBlocks: ["192.168.0.0/16"] },
      { ...ssh, protocol: "TCP", cidrBlocks: ["10.0.0.0/8"] },
    ];
    expect(rulesKind.equal(one, two)).to.be.true;
    expect(rulesKind.equal([{ protocol: "-1", fromPort: 0, toPort: 0, self: true }], [{ protocol: "all", fromPort: 1, toPort: 2, self: true }])).to.be.true;
  });

  it("differ in protocol, ports, description and peer", () => {
    const rule = { ...ssh, cidrBlocks: ["10.0.0.0/8"] };
    for (const other of [{ protocol: "udp" }, { fromPort: 21 }, { toPort: 23 }, { description: "x" }, { cidrBlocks: ["10.0.0.0/9"] }, { self: true }]) {
      expect(rulesKind.equal([rule], [{ ...rule, ...other }]), JSON.stringify(other)).to.be.false;
    }
    expect(rulesKind.equal([rule], [])).to.be.false;
  });

  it("are read in the program's shape, the group itself as `self`", () => {
    const group = {
      GroupId: "sg-1",
      IpPermissions: [
        { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "10.0.0.0/8", Description: "a" }, { CidrIp: "11.0.0.0/8" }], UserIdGroupPairs: [{ GroupId: "sg-1" }, { GroupId: "sg-2" }] },
        { IpProtocol: "tcp", FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: "2001:db8::/32", Description: "a" }] },
        { IpProtocol: "-1", PrefixListIds: [{ PrefixListId: "pl-1" }] },
      ],
    };
    const rules = rulesOf(group, "ingress");
    expect(rules).to.have.deep.members([
      { protocol: "-1", fromPort: 0, toPort: 0, prefixListIds: ["pl-1"] },
      { ...ssh, cidrBlocks: ["11.0.0.0/8"], securityGroups: ["sg-2"], self: true },
      { ...ssh, description: "a", cidrBlocks: ["10.0.0.0/8"], ipv6CidrBlocks: ["2001:db8::/32"] },
    ]);
    expect(rulesOf({ ...group, IpPermissions: [...group.IpPermissions].reverse() }, "ingress"), "in one order").to.deep.equal(rules);
    expect(rulesOf(group, "egress")).to.deep.equal([]);
  });

  it("are changed when they are not known yet, as a whole or in part", () => {
    const type = { inputs: { ingress: { kind: rulesKind } }, outputs: [] };
    for (const ingress of [UNKNOWN, [UNKNOWN], [{ ...ssh, protocol: UNKNOWN, securityGroups: UNKNOWN }]]) {
      const { changes } = diffInputs(type, { oldInputs: { ingress: [] }, newInputs: { ingress }, state: {} });
      expect(changes.map((change) => change.property)).to.deep.equal(["ingress"]);
    }
  });

  it("must be of a supported shape", () => {
    expect(rulesKind.problem([{ ...ssh, cidr: "10.0.0.0/8" }])).to.include("'cidr'");
    expect(rulesKind.problem({})).to.include("list of rules");
    expect(rulesKind.problem([{ ...ssh, self: true }])).to.be.undefined;
  });
});

describe("routes of a table", () => {
  it("are a set by destination, whatever empty properties say", () => {
    const one = [{ cidrBlock: "0.0.0.0/0", gatewayId: "igw-1" }, { ipv6CidrBlock: "::/0", gatewayId: "igw-1" }];
    const two = [{ ipv6CidrBlock: "0:0::/0", gatewayId: "igw-1", cidrBlock: "" }, { cidrBlock: "0.0.0.0/0", gatewayId: "igw-1", natGatewayId: "" }];
    expect(routesKind.equal(one, two)).to.be.true;
    expect(routesKind.equal(one, [one[0], { ...one[1], gatewayId: "igw-2" }])).to.be.false;
  });

  it("leave out what AWS made, and keep what lost its target", () => {
    expect(routesOf([
      { DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local", Origin: "CreateRouteTable", State: "active" },
      { DestinationCidrBlock: "10.1.0.0/16", GatewayId: "vgw-1", Origin: "EnableVgwRoutePropagation", State: "active" },
      { DestinationCidrBlock: "0.0.0.0/0", GatewayId: "igw-1", Origin: "CreateRoute", State: "blackhole" },
      { DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: "eigw-1", Origin: "CreateRoute", State: "active" },
    ])).to.deep.equal([{ cidrBlock: "0.0.0.0/0", gatewayId: "igw-1" }, { ipv6CidrBlock: "::/0", egressOnlyGatewayId: "eigw-1" }]);
  });
});
