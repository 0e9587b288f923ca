import type { ResourceType as Ec2ResourceType, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { ownTags } from "../kinds.ts";
import type { Tags } from "./aws-type.ts";
import type { Aws } from "./clients.ts";

/** AWS writes tags as a list. */
export function tagList(tags: Tags | undefined): { Key: string; Value: string }[] {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}

/** The program's tags out of AWS's list, without those AWS puts itself. */
export function tagMap(tags: readonly Tag[] | undefined): Tags {
  return ownTags(Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""])));
}

/** Tags given in the creating call, so that no object ever exists without. */
export function tagSpecification(type: Ec2ResourceType, tags: Tags | undefined): { TagSpecifications?: TagSpecification[] } {
  const list = tagList(tags);
  return list.length > 0 ? { TagSpecifications: [{ ResourceType: type, Tags: list }] } : {};
}

/** What to set and what to remove to get from one set of tags to another. */
export function tagChanges(before: unknown, after: Tags | undefined): { set: Tags; remove: string[] } {
  const [old, wanted] = [ownTags(before), ownTags(after)];
  return {
    set: Object.fromEntries(Object.entries(wanted).filter(([key, value]) => old[key] !== value)),
    remove: Object.keys(old).filter((key) => !(key in wanted)),
  };
}

/** Brings the tags of an EC2 object from the recorded to the wanted. */
export async function updateEc2Tags(aws: Aws, id: string, before: unknown, after: Tags | undefined): Promise<void> {
  const { set, remove } = tagChanges(before, after);
  if (remove.length > 0) await aws.ec2.deleteTags({ Resources: [id], Tags: remove.map((Key) => ({ Key })) });
  if (Object.keys(set).length > 0) await aws.ec2.createTags({ Resources: [id], Tags: tagList(set) });
}

/** The calls behind {@link updateEc2Tags}. */
export const EC2_TAG_CALLS = ["ec2:CreateTags", "ec2:DeleteTags"] as const;
