import { createHash } from "node:crypto";
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

export const talosVariants = ["spin-only", "spin-tailscale"] as const;
export type TalosVariant = (typeof talosVariants)[number];

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const talosTag = "v1.11.5";

const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");
const digestOf = (bytes: Buffer): string => `sha256:${sha256(bytes)}`;

/** One layer, not compressed: a digest must not depend on a compressor's version. */
function image(repository: string, tag: string, files: Readonly<Record<string, string>>): Image {
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

const probe = (registry: string, repository: string, tag: string): Image =>
  image(repository, tag, { "STAND-IN.txt": `This is not ${registry}/${repository}:${tag}.\nIt is a stand-in of Moon and Back's rehearsal, to be pulled through a cache.\n` });

/** What a variant's image holds of Talos' kernel and initramfs: texts that say that they are neither. */
function talosFiles(variant: TalosVariant): { vmlinuz: string; initramfs: string } {
  const text = (what: string): string => `This is not ${what} of Talos Linux.\nIt is a stand-in of Moon and Back's rehearsal for variant ${variant} (arm64). No machine can boot it.\n`;
  return { vmlinuz: text("the kernel"), initramfs: text("the initramfs") };
}

const talosRepository = (variant: TalosVariant): string => `urmanac/talos-cozystack-${variant}/talos`;

function talosImage(variant: TalosVariant): Image {
  const { vmlinuz, initramfs } = talosFiles(variant);
  return image(talosRepository(variant), talosTag, { "usr/install/arm64/vmlinuz": vmlinuz, "usr/install/arm64/initramfs.xz": initramfs });
}

/** Digests and checksums of the stand-in Talos images, as the rehearsal's settings must give them. */
export function standInTalosImages(): TalosImage[] {
  return talosVariants.map((variant) => {
    const { vmlinuz, initramfs } = talosFiles(variant);
    return { variant, repository: talosRepository(variant), digest: talosImage(variant).digest, vmlinuzSha256: sha256(vmlinuz), initramfsSha256: sha256(initramfs) };
  });
}

/** What each registry has. */
export function seededImages(registry: string): Image[] {
  switch (registry) {
    case "docker.io":
      return [probe(registry, "library/hello-world", "latest")];
    case "gcr.io":
      return [probe(registry, "google-containers/pause", "3.2")];
    case "ghcr.io":
      return [probe(registry, "traefik/whoami", "latest"), ...talosVariants.map(talosImage)];
    case "quay.io":
      return [probe(registry, "prometheus/busybox", "latest")];
    case "registry.k8s.io":
      return [probe(registry, "pause", "3.10")];
    default:
      return [];
  }
}
