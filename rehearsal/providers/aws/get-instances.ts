import type { Instance } from "@aws-sdk/client-ec2";
import { tags, text, textSet } from "../kinds.ts";
import type { ProviderFunction } from "../resource-type.ts";
import { canonical } from "../values.ts";
import type { Tags } from "./aws-type.ts";
import type { Aws } from "./clients.ts";
import { type Filter, filtersKind, toAwsFilters } from "./get-ami.ts";

interface Wanted {
  readonly filters: readonly Filter[];
  readonly instanceTags: Tags;
  readonly instanceStateNames: readonly string[];
}

/** Finding none is an answer too: empty lists. */
export const getInstances: ProviderFunction<Aws> = {
  token: "aws:ec2/getInstances:getInstances",
  calls: ["ec2:DescribeInstances"],
  inputs: {
    filters: { kind: filtersKind, default: [] },
    instanceTags: { kind: tags, default: {} },
    instanceStateNames: { kind: textSet, default: ["running"] },
    region: { kind: text },
  },
  outputs: ["filters", "id", "ids", "instanceStateNames", "instanceTags", "ipv6Addresses", "privateIps", "publicIps", "region"],
  check: ({ filters, instanceTags }) =>
    [filters, instanceTags].every((each) => each === undefined || canonical(each).length === 2)
      ? [{ property: "filters", reason: "needs 'filters' or 'instanceTags': all instances of a region are nobody's business" }]
      : [],

  async call(aws, inputs) {
    // The table has been checked.
    const { filters, instanceTags, instanceStateNames } = inputs as unknown as Wanted;
    const byTag = Object.entries(instanceTags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
    const byState = { Name: "instance-state-name", Values: [...instanceStateNames] };
    const found = await instances(aws, [byState, ...byTag, ...toAwsFilters(filters)]);
    found.sort((a, b) => ((a.InstanceId ?? "") < (b.InstanceId ?? "") ? -1 : 1));
    const all = (value: (instance: Instance) => string | undefined): string[] => found.map(value).filter((each) => each !== undefined && each !== "") as string[];
    return {
      ...inputs,
      id: aws.region,
      ids: all((each) => each.InstanceId),
      ipv6Addresses: all((each) => each.Ipv6Address),
      privateIps: all((each) => each.PrivateIpAddress),
      publicIps: all((each) => each.PublicIpAddress),
      region: aws.region,
    };
  },
};

async function instances(aws: Aws, Filters: { Name: string; Values: string[] }[]): Promise<Instance[]> {
  const found: Instance[] = [];
  let NextToken: string | undefined;
  do {
    const page = await aws.ec2.describeInstances({ Filters, NextToken });
    found.push(...(page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}
