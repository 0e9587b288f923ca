import * as pulumi from "@pulumi/pulumi";

/** Whose a resource is; every sweep and every adoption check asks for these tags. */
export interface Ownership {
  readonly project: string;
  readonly environment: string;
  readonly stage: string;
}

/** AWS types that take no tags; they go with the tagged resource they belong to. */
const untaggable = new Set(["aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:iam/rolePolicy:RolePolicy"]);

/**
 * The transformation that tags every AWS resource below a component, so that none can be forgotten.
 * A URN holds `$`, which IAM and CloudWatch Logs refuse in tag values (`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`), so it is written `@`.
 */
export function tagging(owner: Ownership): pulumi.ResourceTransformation {
  return ({ type, name, props, opts }) => {
    if (!type.startsWith("aws:") || untaggable.has(type)) return undefined;
    const own = props as { tags?: pulumi.Input<Record<string, pulumi.Input<string>>> };
    const urn = pulumi.createUrn(name, type, opts.parent === undefined ? undefined : bareUrn(opts.parent)).apply(tagValue);
    const tags = pulumi.output(own.tags ?? {}).apply((given) => ({
      ...given,
      project: owner.project,
      env: owner.environment,
      stage: owner.stage,
    }));
    return { props: { ...own, tags: pulumi.all([tags, urn]).apply(([given, value]) => ({ ...given, "moonback:urn": value })) }, opts };
  };
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
