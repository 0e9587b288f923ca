import { createHash } from "node:crypto";
import { talosFiles, talosVariants, talosVersion, type TalosVariant } from "./talos-files.ts";
import { tar } from "./tar.ts";

/** The seeded images: small texts in one layer, the same bytes on every machine. Nothing in them pretends to be the real image. */
export interface Image {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly manifest: Buffer;
  /** By digest: the configuration and the layer. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export interface TalosImage {
  readonly variant: TalosVariant;
  /** Path in ghcr.io. */
  readonly repository: string;
  readonly digest: string;
  readonly vmlinuzSha256: string;
  readonly initramfsSha256: string;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";

const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");
const digestOf = (bytes: Buffer): string => `sha256:${sha256(bytes)}`;

/** One layer, not compressed: a digest must not depend on a compressor's version. */
function image(repository: string, tag: string, files: Readonly<Record<string, string | Buffer>>): Image {
  const layer = tar(files);
  const config = Buffer.from(
    JSON.stringify({
      architecture: "arm64",
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: { Labels: { "moonback.stand-in": "true" } },
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "Moon and Back's rehearsal" }],
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(layer), size: layer.length }],
      annotations: { "org.opencontainers.image.title": `stand-in for ${repository}` },
    }),
  );
  const blobs = new Map([config, layer].map((bytes) => [digestOf(bytes), bytes]));
  return { repository, tag, digest: digestOf(manifest), manifest, blobs };
}

/** An image of one text. */
const probe = (registry: string, repository: string, tag: string): Image =>
  image(repository, tag, { "STAND-IN.txt": `This is not ${registry}/${repository}:${tag}.\nIt is a stand-in of Moon and Back's rehearsal, to be pulled through a cache.\n` });

const talosRepository = (variant: TalosVariant): string => `urmanac/talos-cozystack-${variant}/talos`;

/** An installer: what Talos writes to a disk, and what the bastion serves for netboot. */
function installer(repository: string, variant?: TalosVariant): Image {
  const { vmlinuz, initramfs } = talosFiles(variant);
  return image(repository, talosVersion, { "usr/install/arm64/vmlinuz": vmlinuz, "usr/install/arm64/initramfs.xz": initramfs });
}

const talosImage = (variant: TalosVariant): Image => installer(talosRepository(variant), variant);

/** Digests and checksums of the stand-in Talos images, as the rehearsal's settings must give them. */
export function standInTalosImages(): TalosImage[] {
  return talosVariants.map((variant) => {
    const { vmlinuz, initramfs } = talosFiles(variant);
    return { variant, repository: talosRepository(variant), digest: talosImage(variant).digest, vmlinuzSha256: sha256(vmlinuz), initramfsSha256: sha256(initramfs) };
  });
}

/** What Talos v1.11.5's nodes pull, and for Kubernetes 1.34.1 (`talosctl image default`, without what a network plugin brings). */
const kubernetesTag = "v1.34.1";
const talosPulls: Readonly<Record<string, readonly (readonly [repository: string, tag: string])[]>> = {
  "gcr.io": [["etcd-development/etcd", "v3.6.5"]],
  "ghcr.io": [["siderolabs/kubelet", kubernetesTag]],
  "registry.k8s.io": [
    ["pause", "3.10"],
    ["coredns/coredns", "v1.12.4"],
    ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"].map((name) => [name, kubernetesTag] as const),
  ],
};

/** What the caches are tried with. */
const probes: Readonly<Record<string, readonly [repository: string, tag: string]>> = {
  "docker.io": ["library/hello-world", "latest"],
  "gcr.io": ["google-containers/pause", "3.2"],
  "ghcr.io": ["traefik/whoami", "latest"],
  "quay.io": ["prometheus/busybox", "latest"],
};

/** What each registry has. */
export function seededImages(registry: string): Image[] {
  const probed = probes[registry];
  const small = [...(probed === undefined ? [] : [probed]), ...(talosPulls[registry] ?? [])].map(([repository, tag]) => probe(registry, repository, tag));
  return registry === "ghcr.io" ? [...small, installer("siderolabs/installer"), ...talosVariants.map(talosImage)] : small;
}
