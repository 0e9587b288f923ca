import type { RouteTable, RouteTableAssociation } from "@aws-sdk/client-ec2";
import { text } from "../kinds.ts";
import { containsUnknown, type Properties } from "../values.ts";
import { awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { type InlineRoute, reconcileRoutes, routeProblem, routesKind, routesOf } from "./routes.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface RouteTableInputs {
  readonly vpcId: string;
  readonly routes?: readonly InlineRoute[];
  readonly tags?: Tags;
}

export const routeTable = awsType<RouteTableInputs>(
  {
    token: "aws:ec2/routeTable:RouteTable",
    calls: [
      "ec2:CreateRouteTable", "ec2:DescribeRouteTables", "ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute",
      "ec2:DisassociateRouteTable", "ec2:DeleteRouteTable", ...EC2_TAG_CALLS,
    ],
    inputs: {
      vpcId: { kind: text, required: true, replaces: true },
      // Unset, routes made elsewhere are left alone; an empty list removes them.
      routes: { kind: routesKind, computed: true },
    },
    outputs: ["arn", "ownerId"],
    check: (inputs) => ((inputs["routes"] ?? []) as InlineRoute[]).flatMap((route, index) => {
      const problem = containsUnknown(route) ? undefined : routeProblem(route);
      return problem === undefined ? [] : [{ property: "routes", reason: `route ${index} ${problem}` }];
    }),

    async create(aws, inputs, record) {
      const { RouteTable: created } = await aws.ec2.createRouteTable({
        VpcId: inputs.vpcId, ...tagSpecification("route-table", inputs.tags),
      });
      const id = given(created?.RouteTableId, "a route table id");
      record(id);
      await reconcileRoutes(aws, id, [], inputs.routes ?? []);
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      if (!live) return undefined;
      return {
        id,
        inputs: { vpcId: given(live.VpcId, "the table's VPC"), routes: routesOf(live.Routes), tags: tagMap(live.Tags) },
        outputs: { arn: ec2Arn(aws, live.OwnerId, `route-table/${id}`), ownerId: live.OwnerId },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("routes")) {
        const live = await describe(aws, id);
        await reconcileRoutes(aws, id, routesOf(live?.Routes), inputs.routes ?? []);
      }
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    async delete(aws, id) {
      const live = await describe(aws, id);
      // As the official provider does: associations made behind our back must not keep the table.
      for (const association of live?.Associations ?? []) {
        if (!association.Main) await unlessGone(aws.ec2.disassociateRouteTable({ AssociationId: association.RouteTableAssociationId }));
      }
      await unlessGone(aws.ec2.deleteRouteTable({ RouteTableId: id }));
    },
  },
  { taggable: true },
);

async function describe(aws: Aws, id: string): Promise<RouteTable | undefined> {
  const found = await unlessGone(aws.ec2.describeRouteTables({ RouteTableIds: [id] }));
  return found?.RouteTables?.[0];
}

interface AssociationInputs {
  readonly subnetId: string;
  readonly routeTableId: string;
}

export const routeTableAssociation = awsType<AssociationInputs>(
  {
    token: "aws:ec2/routeTableAssociation:RouteTableAssociation",
    calls: ["ec2:AssociateRouteTable", "ec2:DescribeRouteTables", "ec2:ReplaceRouteTableAssociation", "ec2:DisassociateRouteTable"],
    inputs: {
      subnetId: { kind: text, required: "the stand-in has no gateway associations", replaces: true },
      routeTableId: { kind: text, required: true },
    },
    outputs: [],

    async create(aws, inputs, record) {
      const { AssociationId } = await aws.ec2.associateRouteTable({ RouteTableId: inputs.routeTableId, SubnetId: inputs.subnetId });
      record(given(AssociationId, "an association id"));
    },

    async read(aws, id, state) {
      const live = await findAssociation(aws, id, state);
      if (!live) return undefined;
      return {
        id: given(live.RouteTableAssociationId, "an association id"),
        inputs: { subnetId: given(live.SubnetId, "the association's subnet"), routeTableId: given(live.RouteTableId, "the association's table") },
        outputs: {},
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (!changed.has("routeTableId")) return;
      const live = await findAssociation(aws, id, state);
      const AssociationId = given(live?.RouteTableAssociationId, `an association of subnet ${inputs.subnetId}`);
      // This gives the association a new id. An update cannot tell the engine, so read finds it by its subnet.
      await aws.ec2.replaceRouteTableAssociation({ AssociationId, RouteTableId: inputs.routeTableId });
    },

    async delete(aws, id, state) {
      const live = await findAssociation(aws, id, state);
      if (live) await unlessGone(aws.ec2.disassociateRouteTable({ AssociationId: live.RouteTableAssociationId }));
    },
  },
  { taggable: false },
);

/** By its id; else by the recorded subnet; else by the official import id, `<subnet>/<route table>`. */
async function findAssociation(aws: Aws, id: string, state: Properties): Promise<RouteTableAssociation | undefined> {
  const [subnetId = "", tableId] = id.split("/");
  if (tableId !== undefined) {
    const live = await associationOf(aws, "association.subnet-id", subnetId);
    return live?.RouteTableId === tableId ? live : undefined;
  }
  const byId = await associationOf(aws, "association.route-table-association-id", id);
  return byId ?? (typeof state["subnetId"] === "string" ? associationOf(aws, "association.subnet-id", state["subnetId"]) : undefined);
}

async function associationOf(aws: Aws, filter: string, value: string): Promise<RouteTableAssociation | undefined> {
  const { RouteTables } = await aws.ec2.describeRouteTables({ Filters: [{ Name: filter, Values: [value] }] });
  return RouteTables?.flatMap((table) => table.Associations ?? []).find(
    (association) => association.RouteTableAssociationId === value || association.SubnetId === value,
  );
}
