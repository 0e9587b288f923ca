/** What Talos v1.11.5 runs where its machine config names no image (`talosctl image default`). */
export const defaultImages = {
  installer: "ghcr.io/siderolabs/installer:v1.11.5",
  kubelet: "ghcr.io/siderolabs/kubelet:v1.34.1",
  etcd: "gcr.io/etcd-development/etcd:v3.6.5",
  apiServer: "registry.k8s.io/kube-apiserver:v1.34.1",
  controllerManager: "registry.k8s.io/kube-controller-manager:v1.34.1",
  scheduler: "registry.k8s.io/kube-scheduler:v1.34.1",
  /** What every pod begins with. */
  pause: "registry.k8s.io/pause:3.10",
} as const;

/** An image reference, taken apart as containerd does. */
export interface ImageReference {
  /** "ghcr.io" */
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Throws for what is no reference; `hello-world` is docker.io/library/hello-world:latest. */
export function parseReference(text: string): ImageReference {
  const [, rest = "", digest] = /^(.*?)(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  const [, path = "", tag] = /^(.*?)(?::([\w][\w.-]{0,127}))?$/.exec(rest) ?? [];
  const [first = "", ...others] = path.split("/");
  const named = others.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const [host, repository] = named ? [first, others.join("/")] : ["docker.io", others.length === 0 ? `library/${path}` : path];
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(repository)) throw new Error(`failed to parse image reference "${text}": invalid reference format`);
  return { host, repository, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

/** The version in an image's tag: "v1.34.1". */
export const tagOf = (reference: string): string => parseReference(reference).tag ?? "unknown";
