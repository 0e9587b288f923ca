import { lines } from "./file.ts";

/** One variant of the Talos image: where it is published and what must come out of it. */
export interface TalosAssets {
  /** `spin-only` or `spin-tailscale`. */
  readonly variant: string;
  /** Its repository with registry: `ghcr.io/urmanac/talos-cozystack-spin-only/talos`. */
  readonly repository: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** SHA-256 of the kernel: `sha256:` and 64 hex digits. */
  readonly vmlinuz: string;
  /** SHA-256 of the initramfs: `sha256:` and 64 hex digits. */
  readonly initramfs: string;
}

/** The variant behind the unsuffixed /assets/talos/vmlinuz. */
const plainVariant = "spin-only";

/** The registry whose cache brings the images. */
export const assetsRegistry = "ghcr.io";

/** assets.txt, one variant a line: variant, image without registry, digest, SHA-256 of kernel and initramfs. */
export function renderAssetsList(assets: readonly TalosAssets[]): string {
  return lines(
    ...assets.map(({ variant, repository, digest, vmlinuz, initramfs }) => {
      if (!repository.startsWith(`${assetsRegistry}/`)) throw new Error(`the image of variant ${variant}, ${repository}, is not at ${assetsRegistry}: only that registry's cache is asked`);
      return [variant, repository.slice(assetsRegistry.length + 1), digest, hex(vmlinuz), hex(initramfs)].join(" ");
    }),
  );
}

/** As sha256sum prints it. */
function hex(sum: string): string {
  return sum.replace(/^sha256:/, "");
}

/** assets.sh, run by a POSIX or busybox shell with REGISTRY, ASSETS and LIST. It ends; a failed run is started again by Docker. */
export function renderAssetsScript(): string {
  return lines(
    "#!/bin/sh",
    "# Brings kernel and initramfs of every image in $LIST through the cache $REGISTRY to $ASSETS, where matchbox serves them.",
    "set -eu",
    "",
    "is() { # FILE SHA256",
    '  [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d " " -f 1)" = "$2" ]',
    "}",
    "",
    "bring() { # VARIANT IMAGE DIGEST SHA256-OF-VMLINUZ SHA256-OF-INITRAMFS",
    '  to="$ASSETS/talos/$1"',
    '  if is "$to/vmlinuz" "$4" && is "$to/initramfs.xz" "$5"; then',
    '    echo "assets: $1 is there and right"',
    "    return 0",
    "  fi",
    "  # On the same volume, so that nobody ever sees half a file; with dots, so that no variant has the name.",
    '  new="$ASSETS/..new"',
    "  from=usr/install/arm64",
    '  rm -rf "$new"',
    '  mkdir -p "$new" "$to"',
    '  echo "assets: fetching $1, $2@$3"',
    '  crane export --insecure --platform linux/arm64 "$REGISTRY/$2@$3" - | tar -x -f - -C "$new" "$from/vmlinuz" "$from/initramfs.xz" || return 1',
    '  if ! is "$new/$from/vmlinuz" "$4" || ! is "$new/$from/initramfs.xz" "$5"; then',
    '    echo "assets: $2@$3 holds other files than those recorded for $1" >&2',
    "    return 1",
    "  fi",
    '  chmod 0644 "$new/$from/vmlinuz" "$new/$from/initramfs.xz"',
    '  mv "$new/$from/vmlinuz" "$new/$from/initramfs.xz" "$to/" || return 1',
    '  rm -rf "$new"',
    '  echo "assets: $1 is there now"',
    "}",
    "",
    "failed=0",
    "while read -r variant image digest vmlinuz initramfs; do",
    '  if ! bring "$variant" "$image" "$digest" "$vmlinuz" "$initramfs" </dev/null; then',
    '    echo "assets: $variant failed" >&2',
    "    failed=1",
    `  elif [ "$variant" = ${plainVariant} ]; then`,
    "    # Links within the volume, which lies elsewhere in matchbox's container.",
    '    ln -sfn "$variant/vmlinuz" "$ASSETS/talos/vmlinuz"',
    '    ln -sfn "$variant/initramfs.xz" "$ASSETS/talos/initramfs.xz"',
    "  fi",
    'done <"$LIST"',
    'exit "$failed"',
  );
}
