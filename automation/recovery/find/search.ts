import type { AwsSources } from "../../../worlds/aws-sources.ts";

/** One search for what a lost create left behind. */
export interface Search {
  readonly sources: AwsSources;
  /** Tags that the object was made with and no other object carries: all of them must be on it. */
  readonly tags: Readonly<Record<string, string>>;
  /** What the create was asked for, as it is in state: secrets are wrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** For every call, so that it ends when told. */
  readonly options: { readonly abortSignal?: AbortSignal };
}

type Find = (search: Search) => Promise<readonly string[]>;

/** How an object of a type is told from all others: by our tags, by inputs that only one can have, or not at all. */
export type LostType =
  | { readonly by: "tags"; readonly find: Find }
  | { readonly by: "key"; readonly key: readonly string[]; readonly find: Find }
  | { readonly by: "nothing"; readonly why: string };

/** By the type's token. */
export type LostTypes = Readonly<Record<string, LostType>>;

export function byTags(find: Find): LostType {
  return { by: "tags", find };
}

export function byKey<Name extends string>(key: readonly Name[], find: (key: Readonly<Record<Name, string>>, search: Search) => Promise<readonly string[]>): LostType {
  return { by: "key", key, find: knowing(key, find) };
}

/** A search that needs inputs. Where one of them is a secret or missing, there is nothing to look for. */
export function knowing<Name extends string>(names: readonly Name[], find: (known: Readonly<Record<Name, string>>, search: Search) => Promise<readonly string[]>): Find {
  return async (search) => {
    const known = names.flatMap((name) => {
      const value = search.inputs[name];
      return typeof value === "string" && value !== "" ? [[name, value] as const] : [];
    });
    if (known.length < names.length) return [];
    return find(Object.fromEntries(known) as Record<Name, string>, search);
  };
}

/** Our tags as a filter. It may let more through, since AWS knows wildcards; {@link carries} decides. */
export function tagFilters({ tags }: Search): { Name: string; Values: string[] }[] {
  return Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
}

/** Whether an object with these tags is the one. */
export function carries(found: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined, { tags }: Search): boolean {
  return Object.entries(tags).every(([key, value]) => found?.some(({ Key, Value }) => Key === key && Value === value));
}

/** What is on all pages together. */
export async function onAllPages<Page, Item>(pages: AsyncIterable<Page>, items: (page: Page) => readonly Item[] | undefined): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}

/** What a call answers, or nothing where AWS says that there is no such object. */
export async function unlessGone<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** IAM, CloudWatch Logs and SSM have a name of their own for it; Auto Scaling has one for everything that is wrong. */
function isGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "ValidationError") return /not found/i.test(error.message);
  return ["NoSuchEntityException", "ResourceNotFoundException", "InvalidResourceId"].includes(error.name);
}
