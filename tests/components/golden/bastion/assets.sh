#!/bin/sh
# Brings kernel and initramfs of every image in $LIST through the cache $REGISTRY to $ASSETS, where matchbox serves them.
set -eu

is() { # FILE SHA256
  [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d " " -f 1)" = "$2" ]
}

bring() { # VARIANT IMAGE DIGEST SHA256-OF-VMLINUZ SHA256-OF-INITRAMFS
  to="$ASSETS/talos/$1"
  if is "$to/vmlinuz" "$4" && is "$to/initramfs.xz" "$5"; then
    echo "assets: $1 is there and right"
    return 0
  fi
  # On the same volume, so that nobody ever sees half a file; with dots, so that no variant has the name.
  new="$ASSETS/..new"
  from=usr/install/arm64
  rm -rf "$new"
  mkdir -p "$new" "$to"
  echo "assets: fetching $1, $2@$3"
  crane export --insecure --platform linux/arm64 "$REGISTRY/$2@$3" - | tar -x -f - -C "$new" "$from/vmlinuz" "$from/initramfs.xz" || return 1
  if ! is "$new/$from/vmlinuz" "$4" || ! is "$new/$from/initramfs.xz" "$5"; then
    echo "assets: $2@$3 holds other files than those recorded for $1" >&2
    return 1
  fi
  chmod 0644 "$new/$from/vmlinuz" "$new/$from/initramfs.xz"
  mv "$new/$from/vmlinuz" "$new/$from/initramfs.xz" "$to/" || return 1
  rm -rf "$new"
  echo "assets: $1 is there now"
}

failed=0
while read -r variant image digest vmlinuz initramfs; do
  if ! bring "$variant" "$image" "$digest" "$vmlinuz" "$initramfs" </dev/null; then
    echo "assets: $variant failed" >&2
    failed=1
  elif [ "$variant" = spin-only ]; then
    # Links within the volume, which lies elsewhere in matchbox's container.
    ln -sfn "$variant/vmlinuz" "$ASSETS/talos/vmlinuz"
    ln -sfn "$variant/initramfs.xz" "$ASSETS/talos/initramfs.xz"
  fi
done <"$LIST"
exit "$failed"
