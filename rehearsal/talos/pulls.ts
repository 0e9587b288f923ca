import { createHash } from "node:crypto";
import { z } from "zod";
import { errorMessage } from "../../common/errors.ts";
import { parseReference, type ImageReference } from "./images.ts";
import type { MachineConfig } from "./machine-config.ts";
import type { NodeNetwork } from "./network.ts";

export type Mirrors = MachineConfig["machine"]["registries"]["mirrors"];

const descriptor = z.object({ mediaType: z.string(), digest: z.string(), platform: z.object({ architecture: z.string(), os: z.string() }).optional() });
const index = z.object({ manifests: z.array(descriptor) });
const manifest = z.object({ config: descriptor, layers: z.array(descriptor) });
const imageConfig = z.object({ architecture: z.string(), os: z.string() });

/** What was pulled: every byte of it came over the network and fits its digest. */
export interface PulledImage {
  readonly digest: string;
  readonly layers: readonly Buffer[];
}

const accepted = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"].join(", ");

/**
 * Pulls an image as Talos' containerd does (internal/pkg/containers/image): from the mirrors of its host in their order, then
 * from the host itself, which a node does not reach. Throws with what each of them said.
 */
export async function pull(reference: string, mirrors: Mirrors, network: NodeNetwork, signal: AbortSignal): Promise<PulledImage> {
  const image = parseReference(reference);
  const problems: string[] = [];
  for (const base of endpoints(image.host, mirrors)) {
    try {
      return await pullFrom(base, image, network, signal);
    } catch (error) {
      signal.throwIfAborted();
      problems.push(errorMessage(error));
    }
  }
  throw new Error(`failed to pull image "${reference}": ${problems.join("; ")}`);
}

/** Base addresses up to and with `/v2`, in the order in which they are tried. */
export function endpoints(host: string, mirrors: Mirrors): string[] {
  const own = `https://${host === "docker.io" ? "registry-1.docker.io" : host}/v2`;
  const mirror = mirrors[host] ?? mirrors["*"];
  if (mirror === undefined) return [own];
  const listed = mirror.endpoints.map((text) => {
    const base = text.replace(/\/+$/, "");
    return mirror.overridePath || base.endsWith("/v2") ? base : `${base}/v2`;
  });
  return mirror.skipFallback ? listed : [...listed, own];
}

async function pullFrom(base: string, { host, repository, tag, digest }: ImageReference, network: NodeNetwork, signal: AbortSignal): Promise<PulledImage> {
  // containerd tells a mirror whose images it asks for.
  const namespace = new URL(base).hostname === host ? "" : `?ns=${host}`;
  const get = async (kind: "manifests" | "blobs", what: string): Promise<Buffer> => {
    const url = `${base}/${repository}/${kind}/${what}${namespace}`;
    const { status, body } = await network.get(url, { headers: kind === "manifests" ? { accept: accepted } : {}, signal });
    if (status !== 200) throw new Error(`${url}: unexpected status ${status}`);
    if (what.startsWith("sha256:") && digestOf(body) !== what) throw new Error(`${url}: the content is ${digestOf(body)}`);
    return body;
  };
  const found = await get("manifests", digest ?? tag ?? "latest");
  const arm64 = await forArm64(found, (which) => get("manifests", which));
  const { config, layers } = manifest.parse(JSON.parse(arm64.toString()));
  const { architecture, os } = imageConfig.parse(JSON.parse((await get("blobs", config.digest)).toString()));
  if (architecture !== "arm64" || os !== "linux") throw new Error(`${base}/${repository}: no match for platform linux/arm64: the image is for ${os}/${architecture}`);
  const blobs: Buffer[] = [];
  for (const layer of layers) blobs.push(await get("blobs", layer.digest));
  return { digest: digestOf(found), layers: blobs };
}

/** The manifest for this machine: the one that was found, or the one that an index names. */
async function forArm64(found: Buffer, get: (digest: string) => Promise<Buffer>): Promise<Buffer> {
  const { data } = index.safeParse(JSON.parse(found.toString()));
  if (data === undefined) return found;
  const fitting = data.manifests.find(({ platform }) => platform?.os === "linux" && platform.architecture === "arm64");
  if (fitting === undefined) throw new Error("no match for platform linux/arm64 in the image's index");
  return get(fitting.digest);
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
