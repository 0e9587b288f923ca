import { green, red, type Bastion, type Verdict } from "./gate.ts";
import { get, type Answer } from "./https.ts";

export interface Cache {
  readonly address: string;
  readonly port: number;
  /** Where the registry counts what it was asked and what it had to fetch. */
  readonly metricsPort: number;
  /** A small image that the registry behind it has, `name:tag`. */
  readonly image: string;
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

interface Descriptor {
  readonly digest: string;
}

interface Manifest {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** Pulls an image by tag once, then by digest again, and reads off the cache's own counters that the second time nothing was fetched. */
export async function cached(bastion: Bastion, cache: Cache): Promise<Verdict> {
  const [name = "", tag = ""] = cache.image.split(":");
  const first = await manifest(bastion, cache, name, tag);
  const digests = await blobsOf(bastion, cache, name, first);
  const before = await misses(bastion, cache);
  const again = await manifest(bastion, cache, name, first.digest);
  const blobs = await blobsOf(bastion, cache, name, again);
  const after = await misses(bastion, cache);
  if (blobs.join() !== digests.join()) return red(`${cache.image} changed between two pulls through ${cache.address}:${cache.port}`);
  if (after.misses > before.misses) return red(`${cache.address}:${cache.port} fetched ${after.misses - before.misses} of ${cache.image} a second time`);
  if (after.requests === before.requests) return red(`${cache.address}:${cache.metricsPort}/metrics counted no request for ${cache.image}`);
  return green(`${cache.image}: ${digests.length} objects pulled twice, the second time ${after.requests - before.requests} requests and no fetch`);
}

async function manifest(bastion: Bastion, cache: Cache, name: string, reference: string): Promise<Manifest & Descriptor> {
  const answer = await ask(bastion, cache, `/v2/${name}/manifests/${reference}`);
  const digest = answer.headers["docker-content-digest"];
  if (typeof digest !== "string") throw new Error(`${cache.address}:${cache.port} gave no digest of ${name}:${reference}`);
  return { ...(JSON.parse(answer.body.toString()) as Manifest), digest };
}

/** Pulls everything an image consists of (of an index: its first image), and returns the digests. */
async function blobsOf(bastion: Bastion, cache: Cache, name: string, top: Manifest & Descriptor): Promise<string[]> {
  const [child] = top.manifests ?? [];
  if (child !== undefined) return [top.digest, ...(await blobsOf(bastion, cache, name, await manifest(bastion, cache, name, child.digest)))];
  const blobs = [...(top.config ? [top.config.digest] : []), ...(top.layers ?? []).map(({ digest }) => digest)];
  for (const digest of blobs) await ask(bastion, cache, `/v2/${name}/blobs/${digest}`);
  return [top.digest, ...blobs];
}

async function ask(bastion: Bastion, { address, port }: Cache, path: string): Promise<Answer> {
  const answer = await get(bastion, { host: address, port, path, headers: { accept: manifestTypes.join(", ") } });
  if (answer.status !== 200) throw new Error(`http://${address}:${port}${path} answered ${answer.status}`);
  return answer;
}

/** What distribution counts of its proxy (its docs, "metrics"): requests, and those it had to fetch. */
async function misses(bastion: Bastion, { address, metricsPort }: Cache): Promise<{ requests: number; misses: number }> {
  const { status, body } = await get(bastion, { host: address, port: metricsPort, path: "/metrics" });
  if (status !== 200) throw new Error(`http://${address}:${metricsPort}/metrics answered ${status}`);
  const sum = (counter: string): number =>
    [...body.toString().matchAll(new RegExp(`^registry_proxy_${counter}_total(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].reduce((total, [, value]) => total + Number(value), 0);
  return { requests: sum("requests"), misses: sum("misses") };
}
