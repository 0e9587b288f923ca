import * as pulumi from "@pulumi/pulumi";

/** Whose a resource is; every sweep and every adoption check asks for these tags. */
export interface Ownership {
  readonly project: string;
  readonly environment: string;
  readonly stage: string;
}

/** AWS types that take no tags; they go with the tagged resource they belong to. */
const untaggable = new Set(["aws:autoscaling/schedule:Schedule", "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:iam/rolePolicy:RolePolicy"]);

type Tags = Readonly<Record<string, string>>;
/** A tag of an Auto Scaling group, which alone has them as a list: it hands them on to its instances, or not. */
interface GroupTag {
  readonly key: string;
  readonly value: string;
  readonly propagateAtLaunch: boolean;
}
/** What a launch template tags when it launches. */
interface TagSpecification {
  readonly resourceType: string;
  readonly tags?: Tags;
}

/**
 * The transformation that tags every AWS resource below a component, so that none can be forgotten.
 * A URN holds `$`, which IAM and CloudWatch Logs refuse in tag values (`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`), so it is written `@`.
 */
export function tagging(owner: Ownership): pulumi.ResourceTransformation {
  return ({ type, name, props, opts }) => {
    if (!type.startsWith("aws:") || untaggable.has(type)) return undefined;
    const urn = pulumi.createUrn(name, type, opts.parent === undefined ? undefined : bareUrn(opts.parent)).apply(tagValue);
    const whose: Tags = { project: owner.project, env: owner.environment, stage: owner.stage };
    const ours = urn.apply((value): Tags => ({ ...whose, "moonback:urn": value }));
    return { props: { ...props, ...tagged(type, props, whose, ours) }, opts };
  };
}

/** The properties of a resource that hold tags, with ours among them. */
function tagged(type: string, props: pulumi.Inputs, whose: Tags, ours: pulumi.Output<Tags>): pulumi.Inputs {
  const given = props["tags"] as unknown;
  if (type === "aws:autoscaling/group:Group") {
    return { tags: pulumi.all([pulumi.output((given ?? []) as GroupTag[]), ours]).apply(([list, own]) => withOurs(list, own)) };
  }
  const tags = pulumi.all([pulumi.output((given ?? {}) as Tags), ours]).apply(([own, added]) => ({ ...own, ...added }));
  if (type !== "aws:ec2/launchTemplate:LaunchTemplate") return { tags };
  // The URN is the template's own: what it launches is another thing, made again every day.
  const specifications = pulumi
    .output((props["tagSpecifications"] ?? []) as TagSpecification[])
    .apply((list) => list.map((one) => ({ ...one, tags: { ...one.tags, ...whose } })));
  return { tags, tagSpecifications: specifications };
}

/** A group's instances carry its tags: that is how they are found. */
function withOurs(list: readonly GroupTag[], ours: Tags): GroupTag[] {
  const added = Object.entries(ours).map(([key, value]) => ({ key, value, propagateAtLaunch: true }));
  return [...list.filter(({ key }) => !(key in ours)), ...added];
}

/**
 * A resource's URN without the dependency on it: a child that depends on its parent component waits for all of the
 * component's children, itself among them, for ever.
 */
function bareUrn(resource: pulumi.Resource): Promise<string> {
  return new Promise((resolve) => resource.urn.apply(resolve));
}

/** A URN as an AWS tag value. */
export function tagValue(urn: string): string {
  return urn.replaceAll("$", "@");
}
