import type { TagDescription } from "@aws-sdk/client-auto-scaling";
import { blockSet } from "../blocks.ts";
import { flag, text } from "../kinds.ts";
import type { Aws } from "./clients.ts";

/** A tag of an Auto Scaling group, which may go on to the instances it launches. */
export interface GroupTag {
  readonly key: string;
  readonly value: string;
  readonly propagateAtLaunch: boolean;
}

const plain = blockSet("tags", {
  key: { kind: text, required: true },
  value: { kind: text, required: true },
  propagateAtLaunch: { kind: flag, required: true },
});

/** A group's tags are a list, not a map as everywhere else. */
export const groupTagsKind = {
  ...plain,
  problem: (value: unknown) => plain.problem(value) ?? keyProblem((value as GroupTag[]).map((tag) => tag.key)),
};

function keyProblem(keys: readonly string[]): string | undefined {
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) return `has the key '${twice}' twice`;
  const reserved = keys.find((key) => key.startsWith("aws:"));
  return reserved === undefined ? undefined : `must not use the reserved prefix aws: ('${reserved}')`;
}

/** The program's tags, without those AWS puts itself. */
export function groupTagsOf(tags: readonly TagDescription[] | undefined): GroupTag[] {
  return (tags ?? [])
    .filter((tag) => tag.Key?.startsWith("aws:") === false)
    .map((tag) => ({ key: tag.Key ?? "", value: tag.Value ?? "", propagateAtLaunch: tag.PropagateAtLaunch ?? false }));
}

export function toAwsTags(group: string, tags: readonly GroupTag[]) {
  return tags.map(({ key, value, propagateAtLaunch }) => ({
    ResourceId: group, ResourceType: "auto-scaling-group", Key: key, Value: value, PropagateAtLaunch: propagateAtLaunch,
  }));
}

/** Brings a group's tags to the wanted ones. Instances that run already keep theirs. */
export async function updateGroupTags(aws: Aws, group: string, live: readonly GroupTag[], wanted: readonly GroupTag[]): Promise<void> {
  const excess = live.filter((tag) => !wanted.some((other) => other.key === tag.key));
  const missing = wanted.filter((tag) => !groupTagsKind.equal([tag], live.filter((other) => other.key === tag.key)));
  if (excess.length > 0) await aws.autoscaling.deleteTags({ Tags: toAwsTags(group, excess) });
  if (missing.length > 0) await aws.autoscaling.createOrUpdateTags({ Tags: toAwsTags(group, missing) });
}
