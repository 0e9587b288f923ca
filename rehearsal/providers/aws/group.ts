import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { block } from "../blocks.ts";
import { flag, type Kind, number, oneOf, text, textList, textSet } from "../kinds.ts";
import type { Failure } from "../resource-type.ts";
import { containsUnknown, type Properties } from "../values.ts";
import { awsType, given } from "./aws-type.ts";
import { unlessGone } from "./clients.ts";
import { describeGroup, drain, duration, removeGroup, waitForCapacity } from "./group-capacity.ts";
import { type GroupTag, groupTagsKind, groupTagsOf, toAwsTags, updateGroupTags } from "./group-tags.ts";

interface GroupInputs {
  readonly name: string;
  readonly availabilityZones: readonly string[];
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity?: number;
  readonly launchTemplate: { readonly id: string; readonly version?: string };
  readonly healthCheckType?: "EC2" | "ELB";
  readonly healthCheckGracePeriod: number;
  readonly defaultCooldown?: number;
  readonly terminationPolicies: readonly string[];
  readonly forceDelete: boolean;
  readonly waitForCapacityTimeout: string;
  readonly tags: readonly GroupTag[];
}

/** AWS's own policy is the same as none, and is not shown. */
const policies: Kind = { ...textList, equal: (a, b) => textList.equal(ownPolicies(a as string[]), ownPolicies(b as string[])) };
const ownPolicies = (list: readonly string[] | undefined): string[] => (list ?? []).filter((policy, _index, all) => all.length > 1 || policy !== "Default");

/** Inputs that one call changes, under AWS's names. */
const ATTRIBUTES = {
  availabilityZones: "AvailabilityZones", minSize: "MinSize", maxSize: "MaxSize", desiredCapacity: "DesiredCapacity", healthCheckType: "HealthCheckType",
  healthCheckGracePeriod: "HealthCheckGracePeriod", defaultCooldown: "DefaultCooldown",
} as const;

export const group = awsType<GroupInputs>(
  {
    token: "aws:autoscaling/group:Group",
    calls: [
      "autoscaling:CreateAutoScalingGroup", "autoscaling:DescribeAutoScalingGroups", "autoscaling:UpdateAutoScalingGroup",
      "autoscaling:DeleteAutoScalingGroup", "autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags",
    ],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      // With an interface of its own in the launch template, a group is placed by zones, not by subnets.
      availabilityZones: { kind: textSet, required: "the stand-in places groups by zones only" },
      minSize: { kind: number, required: true },
      maxSize: { kind: number, required: true },
      desiredCapacity: { kind: number, computed: true },
      launchTemplate: {
        kind: block("launchTemplate", { id: { kind: text, required: true }, version: { kind: text, computed: true } }),
        required: "the stand-in launches from templates only",
      },
      healthCheckType: { kind: oneOf("EC2", "ELB"), computed: true },
      healthCheckGracePeriod: { kind: number, default: 300 },
      defaultCooldown: { kind: number, computed: true },
      terminationPolicies: { kind: policies, default: [] },
      forceDelete: { kind: flag, local: true, default: false },
      waitForCapacityTimeout: { kind: duration, local: true, default: "10m" },
      tags: { kind: groupTagsKind, default: [] },
    },
    outputs: ["arn"],
    autoNamed: "name",
    check: checkSizes,

    async create(aws, inputs, record) {
      await aws.autoscaling.createAutoScalingGroup({
        AutoScalingGroupName: inputs.name,
        MinSize: inputs.minSize,
        MaxSize: inputs.maxSize,
        DesiredCapacity: inputs.desiredCapacity,
        AvailabilityZones: [...inputs.availabilityZones],
        LaunchTemplate: templateOf(inputs),
        HealthCheckType: inputs.healthCheckType,
        HealthCheckGracePeriod: inputs.healthCheckGracePeriod,
        DefaultCooldown: inputs.defaultCooldown,
        ...(inputs.terminationPolicies.length > 0 ? { TerminationPolicies: [...inputs.terminationPolicies] } : {}),
        ...(inputs.tags.length > 0 ? { Tags: toAwsTags(inputs.name, inputs.tags) } : {}),
      });
      record(inputs.name);
      await waitForCapacity(aws, inputs.name, { timeout: inputs.waitForCapacityTimeout, exactly: false });
    },

    async read(aws, id) {
      const live = await describeGroup(aws, id);
      if (!live) return undefined;
      return {
        id,
        inputs: {
          name: given(live.AutoScalingGroupName, "the group's name"),
          availabilityZones: live.AvailabilityZones ?? [],
          minSize: given(live.MinSize, "the group's minimum"),
          maxSize: given(live.MaxSize, "the group's maximum"),
          desiredCapacity: live.DesiredCapacity,
          launchTemplate: liveTemplate(live),
          healthCheckType: live.HealthCheckType as GroupInputs["healthCheckType"],
          healthCheckGracePeriod: live.HealthCheckGracePeriod ?? 0,
          defaultCooldown: live.DefaultCooldown,
          terminationPolicies: ownPolicies(live.TerminationPolicies),
          tags: groupTagsOf(live.Tags),
        },
        outputs: { arn: live.AutoScalingGroupARN },
      };
    },

    async update(aws, id, { changed, inputs }) {
      // First the tags: instances that the other changes launch shall have the new ones.
      if (changed.has("tags")) await updateGroupTags(aws, id, groupTagsOf((await describeGroup(aws, id))?.Tags), inputs.tags);
      const attributes = Object.entries(ATTRIBUTES).filter(([property]) => changed.has(property as keyof GroupInputs));
      const request = {
        ...Object.fromEntries(attributes.map(([property, name]) => [name, inputs[property as keyof typeof ATTRIBUTES]])),
        ...(changed.has("launchTemplate") ? { LaunchTemplate: templateOf(inputs) } : {}),
        ...(changed.has("terminationPolicies") ? { TerminationPolicies: inputs.terminationPolicies.length > 0 ? [...inputs.terminationPolicies] : ["Default"] } : {}),
      };
      if (Object.keys(request).length > 0) await aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, ...request });
      if (changed.has("minSize") || changed.has("desiredCapacity")) {
        await waitForCapacity(aws, id, { timeout: inputs.waitForCapacityTimeout, exactly: true });
      }
    },

    async delete(aws, id, state) {
      if (!(await describeGroup(aws, id))) return;
      const force = state["forceDelete"] === true;
      if (!force) await unlessGone(drain(aws, id));
      await removeGroup(aws, id, force);
    },
  },
  // They are tags of a kind of their own.
  { taggable: false },
);

function templateOf({ launchTemplate }: GroupInputs) {
  return { LaunchTemplateId: launchTemplate.id, Version: launchTemplate.version };
}

function liveTemplate({ LaunchTemplate: template }: AutoScalingGroup): GroupInputs["launchTemplate"] | undefined {
  if (template?.LaunchTemplateId === undefined) return undefined;
  return { id: template.LaunchTemplateId, ...(template.Version === undefined ? {} : { version: template.Version }) };
}

function checkSizes(inputs: Properties): Failure[] {
  const { minSize: min, maxSize: max, desiredCapacity: desired } = inputs as Partial<Record<string, number>>;
  if (min === undefined || max === undefined || containsUnknown([min, max])) return [];
  if (min > max) return [{ property: "minSize", reason: `is ${String(min)}, more than maxSize ${String(max)}` }];
  if (desired === undefined || containsUnknown(desired) || (desired >= min && desired <= max)) return [];
  return [{ property: "desiredCapacity", reason: `is ${String(desired)}, not between minSize ${String(min)} and maxSize ${String(max)}` }];
}
