import type { Route } from "@aws-sdk/client-ec2";
import { normaliseCidr, setOf } from "../kinds.ts";
import { canonical, type Properties } from "../values.ts";
import type { Aws } from "./clients.ts";

/** An inline route of a route table, as the program writes it: one destination, one target. */
export interface InlineRoute {
  readonly cidrBlock?: string;
  readonly ipv6CidrBlock?: string;
  readonly gatewayId?: string;
  readonly egressOnlyGatewayId?: string;
  readonly natGatewayId?: string;
  readonly networkInterfaceId?: string;
}

const DESTINATIONS = ["cidrBlock", "ipv6CidrBlock"] as const;
const TARGETS = ["gatewayId", "egressOnlyGatewayId", "natGatewayId", "networkInterfaceId"] as const;

/** The routes of one table: a set by destination. */
export const routesKind = setOf("routes", [...DESTINATIONS, ...TARGETS], (routes) => routes.map((route) => canonical(normalise(route))));

/** One spelling of a route: no empty properties, canonical ranges. */
function normalise(route: Properties): Properties {
  const set = Object.entries(route).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return Object.fromEntries(set.map(([key, value]) => [key, normaliseCidr(value)]));
}

/**
 * The routes that somebody made, as the program would write them. AWS's own (local, propagated) are left out;
 * a route whose target is gone (`blackhole`) is still there and still names its target.
 */
export function routesOf(routes: readonly Route[] | undefined): InlineRoute[] {
  return (routes ?? [])
    .filter((route) => route.Origin !== "CreateRouteTable" && route.Origin !== "EnableVgwRoutePropagation" && route.GatewayId !== "local")
    .map(({ DestinationCidrBlock, DestinationIpv6CidrBlock, GatewayId, EgressOnlyInternetGatewayId, NatGatewayId, NetworkInterfaceId }) => ({
      ...(DestinationCidrBlock ? { cidrBlock: DestinationCidrBlock } : {}),
      ...(DestinationIpv6CidrBlock ? { ipv6CidrBlock: DestinationIpv6CidrBlock } : {}),
      ...(GatewayId ? { gatewayId: GatewayId } : {}),
      ...(EgressOnlyInternetGatewayId ? { egressOnlyGatewayId: EgressOnlyInternetGatewayId } : {}),
      ...(NatGatewayId ? { natGatewayId: NatGatewayId } : {}),
      ...(NetworkInterfaceId ? { networkInterfaceId: NetworkInterfaceId } : {}),
    }));
}

/** What is wrong with a route, as the end of a sentence. */
export function routeProblem(route: InlineRoute): string | undefined {
  const destinations = DESTINATIONS.filter((key) => route[key]);
  const targets = TARGETS.filter((key) => route[key]);
  if (destinations.length !== 1) return `needs exactly one of ${DESTINATIONS.join(", ")}`;
  if (targets.length !== 1) return `needs exactly one of ${TARGETS.join(", ")}`;
  return undefined;
}

/** Brings a table's routes to the wanted ones; only what differs is touched. */
export async function reconcileRoutes(aws: Aws, table: string, live: readonly InlineRoute[], wanted: readonly InlineRoute[]): Promise<void> {
  const byDestination = (routes: readonly InlineRoute[]) =>
    new Map(routes.map((route) => [String(normaliseCidr(route.cidrBlock || route.ipv6CidrBlock)), route]));
  const [before, after] = [byDestination(live), byDestination(wanted)];
  for (const [destination, route] of before) {
    if (!after.has(destination)) await aws.ec2.deleteRoute({ RouteTableId: table, ...destinationOf(route) });
  }
  for (const [destination, route] of after) {
    const existing = before.get(destination);
    const request = { RouteTableId: table, ...destinationOf(route), ...targetOf(route) };
    if (!existing) await aws.ec2.createRoute(request);
    else if (!routesKind.equal([existing], [route])) await aws.ec2.replaceRoute(request);
  }
}

function destinationOf(route: InlineRoute) {
  return route.cidrBlock ? { DestinationCidrBlock: route.cidrBlock } : { DestinationIpv6CidrBlock: route.ipv6CidrBlock };
}

function targetOf(route: InlineRoute) {
  if (route.gatewayId) return { GatewayId: route.gatewayId };
  if (route.egressOnlyGatewayId) return { EgressOnlyInternetGatewayId: route.egressOnlyGatewayId };
  if (route.natGatewayId) return { NatGatewayId: route.natGatewayId };
  return { NetworkInterfaceId: route.networkInterfaceId };
}
