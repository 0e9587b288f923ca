import { z } from "zod";

/** A resource as Pulumi's state holds it (sdk/go/common/apitype, ResourceV3); what is not named here is kept as it is. */
const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean(),
  id: z.string().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  deletedWith: z.string().optional(),
  replaceWith: z.array(z.string()).nullish(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  /** Replaced, and still to be deleted. */
  delete: z.boolean().optional(),
  /** Deleted, so that its replacement can be made. */
  pendingReplacement: z.boolean().optional(),
});
export type RecordedResource = z.infer<typeof resourceSchema>;

const operationSchema = z.looseObject({ type: z.string(), resource: resourceSchema });
/** What the engine had begun and not recorded the end of. */
export type PendingOperation = z.infer<typeof operationSchema>;

const deploymentSchema = z.looseObject({
  version: z.number(),
  deployment: z.looseObject({
    manifest: z.looseObject({ time: z.string().optional() }).optional(),
    resources: z.array(resourceSchema).nullish(),
    pending_operations: z.array(operationSchema).nullish(),
  }),
});
/** What `pulumi stack export` prints and `pulumi stack import` takes. */
export type Deployment = z.infer<typeof deploymentSchema>;

/** Reads an export; undefined for what is none: cut short, empty, or of something else. */
export function parseDeployment(text: string): Deployment | undefined {
  try {
    return deploymentSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function pendingOf({ deployment }: Deployment): readonly PendingOperation[] {
  return deployment.pending_operations ?? [];
}

export function resourcesOf({ deployment }: Deployment): readonly RecordedResource[] {
  return deployment.resources ?? [];
}

/** Ids that the state knows of a type: what it knows was not lost. */
export function knownIds(deployment: Deployment, type: string): ReadonlySet<string> {
  return new Set(resourcesOf(deployment).flatMap((one) => (one.type === type && one.id !== undefined ? [one.id] : [])));
}

export function withoutPending(whole: Deployment): Deployment {
  return { ...whole, deployment: { ...whole.deployment, pending_operations: [] } };
}

/** When the engine wrote it, in milliseconds since the epoch; undefined where it does not say. */
export function writtenAt({ deployment }: Deployment): number | undefined {
  const time = Date.parse(deployment.manifest?.time ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/**
 * The state with one more resource in it, known by its id only: the refresh that follows reads the rest, as of an import.
 * Where it replaces another, that one is from now on the old one, still to be deleted.
 */
export function withResource(whole: Deployment, lost: RecordedResource, id: string): Deployment {
  const before = resourcesOf(whole);
  const found: RecordedResource = { ...lost, custom: true, id, outputs: {} };
  const place = before.findIndex(({ urn, delete: deleted }) => urn === lost.urn && deleted !== true);
  const old = before[place];
  if (old === undefined) return withResources(whole, [...before, found]);
  const replaced = old.pendingReplacement === true ? [] : [{ ...old, delete: true }];
  // In the old one's place, so that what depends on it comes after it.
  return withResources(whole, before.toSpliced(place, 1, found, ...replaced));
}

/** The state with these resources in place of its own. */
export function withResources(whole: Deployment, resources: readonly RecordedResource[]): Deployment {
  return { ...whole, deployment: { ...whole.deployment, resources: inOrder(resources) } };
}

/** Every resource after all that it names, else as they were: the engine refuses any other order, and deletes by it. */
function inOrder(resources: readonly RecordedResource[]): RecordedResource[] {
  const named = Map.groupBy(resources, ({ urn }) => urn);
  const ordered = new Set<RecordedResource>();
  const begun = new Set<RecordedResource>();
  const put = (one: RecordedResource): void => {
    if (begun.has(one)) return;
    begun.add(one);
    for (const urn of namedBy(one)) named.get(urn)?.forEach(put);
    ordered.add(one);
  };
  resources.forEach(put);
  return [...ordered];
}

/** The URNs that must come before a resource (pkg/resource, State.GetAllDependencies). */
function namedBy({ parent, provider, dependencies, propertyDependencies, deletedWith, replaceWith }: RecordedResource): string[] {
  // A reference to a provider is `<urn>::<id>`.
  const providerUrn = provider?.split("::").slice(0, -1).join("::");
  const one = [parent, providerUrn, deletedWith].filter((urn) => urn !== undefined);
  return [...one, ...(dependencies ?? []), ...Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? []), ...(replaceWith ?? [])];
}
