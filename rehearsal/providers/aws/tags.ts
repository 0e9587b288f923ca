import type { ResourceType as Ec2ResourceType, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { ownTags } from "../kinds.ts";
import type { Lost } from "../resource-type.ts";
import type { Tags } from "./aws-type.ts";
import type { Aws } from "./clients.ts";

/** The tag that names the resource an object belongs to. */
export const URN_TAG = "moonback:urn";

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

/** EC2 objects of a kind that carry the lost resource's URN (and its environment, if that is given). */
export async function findEc2ByUrn(aws: Aws, kind: Ec2ResourceType, lost: Lost): Promise<string[]> {
  const tagged = async (key: string, value: string): Promise<string[]> => {
    const { Tags: tags } = await aws.ec2.describeTags({
      Filters: [
        { Name: "resource-type", Values: [kind] },
        { Name: "key", Values: [key] },
        { Name: "value", Values: [value] },
      ],
    });
    return (tags ?? []).flatMap((tag) => (tag.ResourceId === undefined ? [] : [tag.ResourceId]));
  };
  const ids = await tagged(URN_TAG, lost.urn);
  if (lost.env === undefined || ids.length === 0) return ids;
  const ofEnv = new Set(await tagged("env", lost.env));
  return ids.filter((id) => ofEnv.has(id));
}

/** The calls behind {@link updateEc2Tags} and {@link findEc2ByUrn}. */
export const EC2_TAG_CALLS = ["ec2:CreateTags", "ec2:DeleteTags", "ec2:DescribeTags"] as const;
