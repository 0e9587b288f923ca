import { parse } from "yaml";
import { z } from "zod";
import { issues } from "./cloud-config.ts";

export interface Mount {
  /** A path of the guest, relative to the project (`./x`) or absolute; or the name of a volume. */
  readonly source: string;
  readonly kind: "bind" | "volume";
  /** Where it is in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

export interface Healthcheck {
  readonly test: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
}

export type DependsOn = "service_started" | "service_healthy" | "service_completed_successfully";
export type Restart = "no" | "always" | "on-failure" | "unless-stopped";

export interface ServiceSpec {
  readonly name: string;
  readonly containerName: string;
  /** As written. */
  readonly image: string;
  /** The image's name without registry, tag and digest: `library/registry`. */
  readonly repository: string;
  readonly command: readonly string[];
  readonly entrypoint: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly restart: Restart;
  readonly healthcheck: Healthcheck | undefined;
  readonly dependsOn: Readonly<Record<string, DependsOn>>;
}

export interface ComposeFile {
  readonly name: string;
  /** In the order in which they start. */
  readonly services: readonly ServiceSpec[];
}

const milliseconds = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
/** A duration as compose writes it: 1m30s. */
const duration = z
  .string()
  .regex(/^(?:\d+(?:h|ms|m|s))+$/, "is not a duration such as 10s")
  .transform((text) => [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * milliseconds[unit as keyof typeof milliseconds], 0));

/** Compose replaces $NAME by variables of the shell that runs it, and $$ by $. No variable is set at boot. */
const text = z
  .string()
  .refine((value) => !/(?<!\$)(?:\$\$)*\$(?!\$)/.test(value), "holds a variable ($NAME), which nobody sets at boot: write $$ for a dollar sign")
  .transform((value) => value.replaceAll("$$", "$"));
const texts = z.array(text);

const condition = z.enum(["service_started", "service_healthy", "service_completed_successfully"]);
const service = z.strictObject({
  image: text,
  container_name: text.optional(),
  /** The bastion's ports are its services' ports: nothing is published, all are on the host's network. */
  network_mode: z.literal("host"),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).default("no"),
  command: texts.default([]),
  entrypoint: texts.min(1).optional(),
  environment: z.record(z.string(), z.union([text, z.number(), z.boolean()]).transform(String)).default({}),
  volumes: texts.default([]),
  cap_add: z.array(z.enum(["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SYS_NICE", "SYS_TIME", "CHOWN"])).optional(),
  cap_drop: texts.optional(),
  security_opt: texts.optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.union([text, texts]).optional(),
  user: text.optional(),
  logging: z.strictObject({ driver: z.enum(["json-file", "local"]), options: z.record(z.string(), z.string()).optional() }).optional(),
  stop_grace_period: duration.optional(),
  healthcheck: z
    .strictObject({
      test: texts.min(2),
      interval: duration.default(30_000),
      timeout: duration.default(30_000),
      retries: z.int().positive().default(3),
      start_period: duration.default(0),
      start_interval: duration.optional(),
    })
    .optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.strictObject({ condition }))]).default([]),
});

const composeFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.union([z.null(), z.strictObject({ name: text.optional() })])).default({}),
});
type RawService = z.infer<typeof service>;

/** Reads a compose file of the bundle. Throws with everything in it that this machine room does not know. */
export function parseCompose(yaml: string): ComposeFile {
  const parsed = composeFile.safeParse(parse(yaml));
  if (!parsed.success) throw new Error(`compose.yaml that the rehearsal does not know: ${issues(parsed.error)}`);
  const { name, services, volumes } = parsed.data;
  const specs = Object.entries(services).map(([service, raw]) => specOf(service, raw, Object.keys(volumes)));
  return { name, services: inOrder(specs) };
}

function specOf(name: string, raw: RawService, volumes: readonly string[]): ServiceSpec {
  const { healthcheck: health, depends_on: depends } = raw;
  return {
    name,
    containerName: raw.container_name ?? name,
    image: raw.image,
    repository: repositoryOf(raw.image),
    command: raw.command,
    entrypoint: raw.entrypoint,
    environment: raw.environment,
    mounts: raw.volumes.map((volume) => mountOf(name, volume, volumes)),
    restart: raw.restart,
    healthcheck: health && {
      test: health.test,
      intervalMs: health.interval,
      timeoutMs: health.timeout,
      retries: health.retries,
      startPeriodMs: health.start_period,
    },
    dependsOn: Array.isArray(depends)
      ? Object.fromEntries(depends.map((other) => [other, "service_started" as const]))
      : Object.fromEntries(Object.entries(depends).map(([other, { condition }]) => [other, condition])),
  };
}

/** `quay.io/poseidon/matchbox:v1@sha256:…` is poseidon/matchbox; `registry` is library/registry, as docker reads it. */
function repositoryOf(image: string): string {
  const [name = ""] = image.replace(/@sha256:[0-9a-f]{64}$/, "").split(/:(?=[^/]*$)/);
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return `library/${first}`;
  return /[.:]|^localhost$/.test(first) ? rest.join("/") : name;
}

function mountOf(service: string, text: string, volumes: readonly string[]): Mount {
  const [source = "", target = "", mode, ...more] = text.split(":");
  const bind = source.startsWith("./") || source.startsWith("/");
  if (!target.startsWith("/") || more.length > 0 || (mode !== undefined && mode !== "ro" && mode !== "rw")) {
    throw new Error(`services.${service}.volumes: "${text}" is not source:/target or source:/target:ro`);
  }
  if (!bind && !volumes.includes(source)) throw new Error(`services.${service}.volumes: no volume "${source}" is declared`);
  return { source, kind: bind ? "bind" : "volume", target, readOnly: mode === "ro" };
}

/** Those before that others depend on; otherwise as written. */
function inOrder(specs: readonly ServiceSpec[]): ServiceSpec[] {
  const done: ServiceSpec[] = [];
  const visit = (spec: ServiceSpec, way: readonly string[]): void => {
    if (done.includes(spec)) return;
    if (way.includes(spec.name)) throw new Error(`services depend on each other: ${[...way, spec.name].join(" -> ")}`);
    for (const other of Object.keys(spec.dependsOn)) {
      const found = specs.find(({ name }) => name === other);
      if (found === undefined) throw new Error(`services.${spec.name}.depends_on: there is no service "${other}"`);
      visit(found, [...way, spec.name]);
    }
    done.push(spec);
  };
  for (const spec of specs) visit(spec, []);
  return done;
}
