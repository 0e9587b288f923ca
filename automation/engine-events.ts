import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import type { PlannedResource } from "../gates/gate.ts";

/** What the engine does, or would do, to one resource. */
export interface Change {
  readonly op: "create" | "update" | "replace" | "delete" | "outputs";
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** The properties that differ; empty for create and delete. */
  readonly properties: readonly string[];
}

export type ResourceEvent =
  | { readonly kind: "doing"; readonly change: Change }
  | { readonly kind: "done"; readonly change: Change }
  | { readonly kind: "failed"; readonly change: Change };

/** A declared resource with its place in the program. */
export interface DeclaredResource extends PlannedResource {
  readonly urn: string;
  /** The URN of what it belongs to; the stack has none. */
  readonly parent: string | undefined;
  /** The URN of the provider that makes it; components have none. */
  readonly provider: string | undefined;
  /** Whether it only holds others together. */
  readonly component: boolean;
  /** All inputs; what is unknown or secret in them is marked as the engine marks it. */
  readonly marked: Readonly<Record<string, unknown>>;
}

const shownOps: Record<string, Change["op"]> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
};
/** The engine shows a replacement as three steps; these two belong to the one called `replace`. */
const partsOfReplace: Record<string, Change["op"]> = { "create-replacement": "replace", "delete-replaced": "delete" };
const stackType = "pulumi:pulumi:Stack";

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
  readonly old?: { readonly outputs?: unknown };
  readonly new?: { readonly outputs?: unknown; readonly inputs?: Readonly<Record<string, unknown>>; readonly parent?: string; readonly provider?: string; readonly custom?: boolean };
}

/** Steps after which a resource is there as it is declared. */
const declaringOps = new Set(["same", "create", "update", "create-replacement"]);

/** Collects, from one engine operation, what it changes and what it complains about. */
export class EventCollector {
  readonly #resources: Change[] = [];
  /** Every resource that the program declares, with the inputs that are known. */
  readonly planned: DeclaredResource[] = [];
  #outputs: Change | undefined;
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly #onResource: (event: ResourceEvent) => void;
  readonly #onProgramFailed: () => void;

  /** @param onProgramFailed called when something fails in the program that nothing in it waits for, such as a data source */
  constructor(onResource: (event: ResourceEvent) => void = () => undefined, onProgramFailed: () => void = () => undefined) {
    this.#onResource = onResource;
    this.#onProgramFailed = onProgramFailed;
  }

  /** What the operation changes. Outputs are worth a line only where no resource is what changes them. */
  get changes(): readonly Change[] {
    return this.#resources.length > 0 || this.#outputs === undefined ? this.#resources : [this.#outputs];
  }

  /** Takes one event; the ones that say nothing about resources or problems are passed over. */
  readonly take = (event: EngineEvent): void => {
    if (event.resourcePreEvent) this.#planned(event.resourcePreEvent.metadata);
    else if (event.resOutputsEvent) this.#finished(event.resOutputsEvent.metadata);
    else if (event.resOpFailedEvent) this.#report("failed", event.resOpFailedEvent.metadata);
    else if (event.diagnosticEvent) this.#complained(event.diagnosticEvent);
  };

  #planned(step: StepMetadata): void {
    const op = shownOps[step.op];
    if (op !== undefined && step.type !== stackType) this.#resources.push(toChange(step, op));
    if (declaringOps.has(step.op)) this.planned.push(toPlanned(step));
    this.#report("doing", step);
  }

  #finished(step: StepMetadata): void {
    // A program that only hands on other outputs changes no resource, and must be run all the same.
    if (step.type === stackType && step.op === "same" && stable(step.old?.outputs) !== stable(step.new?.outputs)) {
      this.#outputs = toChange(step, "outputs");
    }
    this.#report("done", step);
  }

  #report(kind: ResourceEvent["kind"], step: StepMetadata): void {
    const op = shownOps[step.op] ?? partsOfReplace[step.op];
    // `replace` is the engine's word for the pair; the parts are what really happens.
    if (op === undefined || step.op === "replace" || step.type === stackType) return;
    this.#onResource({ kind, change: toChange(step, op) });
  }

  #complained({ severity, message, urn }: { severity: string; message: string; urn?: string }): void {
    const text = plain(message).trim();
    if (text === "") return;
    const subject = urn === undefined || urn === "" ? "" : `${nameOf(urn)}: `;
    if (severity === "error") this.errors.push(subject + withoutStack(text));
    if (severity === "error" && text.startsWith(unhandled)) this.#onProgramFailed();
    if (severity === "warning") this.warnings.push(subject + text);
  }
}

function toChange(step: StepMetadata, op: Change["op"]): Change {
  const detailed = Object.keys(step.detailedDiff ?? {});
  const properties = op === "update" || op === "replace" ? [...new Set([...detailed, ...(detailed.length > 0 ? [] : (step.diffs ?? []))])].sort() : [];
  return { op, urn: step.urn, type: step.type, name: nameOf(step.urn), properties };
}

function toPlanned(step: StepMetadata): DeclaredResource {
  const { inputs: marked = {}, parent = "", provider = "", custom = false } = step.new ?? {};
  const all = Object.entries(marked);
  const isUnknown = (value: unknown): boolean => JSON.stringify(value ?? null).includes(unknownValue);
  return {
    type: step.type,
    name: nameOf(step.urn),
    inputs: Object.fromEntries(all.filter(([, value]) => !isUnknown(value))),
    unknown: all.filter(([, value]) => isUnknown(value)).map(([name]) => name),
    urn: step.urn,
    parent: parent === "" ? undefined : parent,
    // A reference to a provider is `<urn>::<id>`.
    provider: provider === "" ? undefined : provider.split("::").slice(0, -1).join("::"),
    component: !custom,
    marked,
  };
}

/** How the inline program's host begins what it says of such a failure (@pulumi/pulumi, automation/server.js). */
const unhandled = "Unhandled exception: ";

/** The sentence alone: where in the program it was said is for the log. */
function withoutStack(text: string): string {
  return text.replace(new RegExp(`^${unhandled}(Error: )?`), "").replaceAll(/\n\s+at .*/g, "").trimEnd();
}

function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

/** Engine messages carry colour directives such as `<{%reset%}>`. */
function plain(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "");
}

function stable(value: unknown): string {
  return JSON.stringify(value ?? {}, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
