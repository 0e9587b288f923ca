// The shell scripts that drive `talosctl`. Pure texts: everything that differs, secrets above all, comes in variables, so that
// neither a script nor a list of processes shows any.
import { lines } from "./file.ts";

/** A folder that only this script can read, and that goes with it. */
const scratch = ["set -eu", "umask 077", 'work=$(mktemp -d)', `trap 'rm -rf "$work"' EXIT`, "trap 'exit 143' HUP INT TERM"];

/** Runs `talosctl` as the operator, against the node in $NODE. */
const operator = [
  ...scratch,
  `printf '%s' "$TALOS_ACCESS" >"$work/talosconfig"`,
  `on() { node=$1; shift; talosctl --talosconfig "$work/talosconfig" --endpoints "$node" --nodes "$node" "$@"; }`,
];

/** Tries for $PATIENCE seconds; what was said last is the error. */
const patience = [
  'give_up=$(($(date +%s) + PATIENCE))',
  "patiently() { # WHAT COMMAND…",
  "  what=$1; shift",
  '  until heard=$("$@" 2>&1); do',
  '    if [ "$(date +%s)" -ge "$give_up" ]; then echo "$what, for $PATIENCE seconds: $heard" >&2; exit 1; fi',
  "    sleep 0.5",
  "  done",
  "}",
];

/** Prints the secrets of a new cluster. */
export function generateSecrets(): string {
  return lines(...scratch, 'talosctl gen secrets --talos-version "$TALOS_VERSION" --output-file "$work/secrets.yaml"', 'cat "$work/secrets.yaml"');
}

/** Prints what was printed before: a cluster has one identity for as long as it is declared, whatever becomes of the script. */
export function keepOutput(): string {
  return `printf '%s\\n' "$PULUMI_COMMAND_STDOUT"`;
}

const generate = (kind: string, ...flags: string[]): string[] => [
  `printf '%s' "$SECRETS" >"$work/secrets.yaml"`,
  `talosctl gen config "$CLUSTER" "$ENDPOINT" --with-secrets "$work/secrets.yaml" --talos-version "$TALOS_VERSION" --kubernetes-version "$KUBERNETES_VERSION" \\`,
  `  --with-docs=false --with-examples=false --output-types ${kind} --output "$work/out.yaml" ${flags.join(" ")} >&2`,
];

/** Prints the operator's access to the cluster's nodes. */
export function generateTalosconfig(): string {
  return lines(...scratch, ...generate("talosconfig"), 'cat "$work/out.yaml"');
}

/** Prints the machine config of a node, which Talos itself has found valid. */
export function generateMachineConfig(patches: number): string {
  const names = Array.from({ length: patches }, (_, index) => `PATCH_${index + 1}`);
  return lines(
    ...scratch,
    ...names.map((name) => `printf '%s' "$${name}" >"$work/${name}.yaml"`),
    ...generate('"$ROLE"', ...names.map((name) => `--config-patch "@$work/${name}.yaml"`)),
    'talosctl validate --mode metal --strict --config "$work/out.yaml" >&2',
    'cat "$work/out.yaml"',
  );
}

/** Waits until the node has its config: only then does it know whom to trust. */
export function awaitNode(): string {
  return lines(...operator, ...patience, 'patiently "$NODE did not answer as a member of this cluster" on "$NODE" version --short');
}

/**
 * Starts etcd on the first control plane, unless a control plane runs it already: to do it twice would make a second cluster. A
 * call that reached the node and was not heard of again is answered with AlreadyExists, which is what was wanted.
 */
export function bootstrapCluster(): string {
  return lines(
    ...operator,
    ...patience,
    "runs_etcd() { on \"$1\" service etcd 2>/dev/null | grep -Eq '^STATE +Running'; }",
    "for node in $CONTROL_PLANES; do",
    '  if runs_etcd "$node"; then echo "etcd runs on $node"; exit 0; fi',
    "done",
    "begin() {",
    '  said=$(on "$1" bootstrap 2>&1) && return 0',
    '  case "$said" in *AlreadyExists*) return 0 ;; esac',
    '  echo "$said"',
    "  return 1",
    "}",
    "first=${CONTROL_PLANES%% *}",
    'patiently "etcd could not be started on $first" begin "$first"',
    'patiently "etcd does not run on $first" runs_etcd "$first"',
    'echo "etcd was started on $first"',
  );
}

/**
 * Gives the node its config, and waits until it is well with it. A node that restarts for it is well when it has restarted. One that
 * was installed from another image is upgraded; which that was is in what this said last of the same machine.
 */
export function applyConfig(): string {
  return lines(
    ...operator,
    ...patience,
    `printf '%s' "$MACHINE_CONFIG" >"$work/config.yaml"`,
    'boot_id() { on "$NODE" read /proc/sys/kernel/random/boot_id; }',
    "before=$(boot_id)",
    'installed=$(printf "%s\\n" "${PULUMI_COMMAND_STDOUT:-}" | sed -n "s/^installed \\(.*\\) on $INSTANCE\\$/\\1/p")',
    'restarted() { now=$(boot_id) && [ "$now" != "$before" ]; }',
    'said=$(on "$NODE" apply-config --mode auto --file "$work/config.yaml" 2>&1) || { echo "$NODE did not take its config: $said" >&2; exit 1; }',
    'case "$said" in *"with a reboot"*) patiently "$NODE did not restart with its new config" restarted ;; esac',
    "is_well() { on \"$NODE\" service \"$1\" | grep -Eq '^HEALTH +OK'; }",
    'if [ -n "$installed" ] && [ "$installed" != "$INSTALL_IMAGE" ]; then',
    "  before=$(boot_id)",
    '  on "$NODE" upgrade --image "$INSTALL_IMAGE" --wait=false >&2',
    '  patiently "$NODE did not restart with $INSTALL_IMAGE" restarted',
    "fi",
    'for service in $SERVICES; do patiently "$service is not well on $NODE" is_well "$service"; done',
    'echo "$said"',
    'echo "installed $INSTALL_IMAGE on $INSTANCE"',
  );
}

/** Prints the operator's access to Kubernetes. */
export function fetchKubeconfig(): string {
  return lines(...operator, ...patience, 'fetch() { on "$NODE" kubeconfig --force --merge=false "$work/kubeconfig"; }', 'patiently "$NODE gave no kubeconfig" fetch', 'cat "$work/kubeconfig"');
}

/**
 * Lets the node $NAME leave the cluster before its machine is ended: its pods go elsewhere, it leaves etcd, its disk is wiped, and
 * Kubernetes forgets it. A node or a cluster that does not answer has left already.
 */
export function leaveCluster(): string {
  return lines(
    ...operator,
    'export KUBECONFIG="$work/kubeconfig"',
    "reached=",
    "for node in $CONTROL_PLANES; do",
    '  [ "$node" = "$NODE" ] && continue',
    '  if on "$node" kubeconfig --force --merge=false "$KUBECONFIG" >/dev/null 2>&1 && kubectl get --raw /readyz >/dev/null 2>&1; then reached=$node; break; fi',
    "done",
    '[ -n "$reached" ] || { echo "no control plane answers: there is nothing to leave"; exit 0; }',
    'if on "$NODE" version --short >/dev/null 2>&1; then',
    '  kubectl drain "$NAME" --ignore-daemonsets --delete-emptydir-data --force --timeout=120s >&2',
    '  on "$NODE" reset --graceful=true --reboot=false --wait=false >&2',
    "fi",
    'kubectl delete node "$NAME" --ignore-not-found >&2',
  );
}

/** Variables that lead a program to the nodes, whatever proxies the operator's shell has. */
export function throughProxy(proxyUrl: string): Record<string, string> {
  return { HTTPS_PROXY: proxyUrl, https_proxy: proxyUrl, NO_PROXY: "", no_proxy: "" };
}
