import type { Duplex } from "node:stream";
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { STSClient } from "@aws-sdk/client-sts";
import type { Environment } from "../stacks/config.ts";

/** Who answers a question: the real thing, or something that stands in for it in the rehearsal. */
export type Via = "real" | "stand-in";

/** One thing gates can ask, and who answers there. */
export interface Source<Client> {
  readonly via: Via;
  /** Who answers, for the evidence: "AWS eu-west-1", "moto 5.2.5 at http://…". */
  readonly by: string;
  readonly client: () => Promise<Client>;
}

/** What a command on the bastion left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The bastion, reached by the one SSH connection that carries everything. */
export interface Bastion {
  /** Where it answers and with which key, for the evidence: "2600:…::100 port 22, host key SHA256:…". */
  readonly identity: string;
  /** Runs a command in the login's own shell. */
  run(command: string, stdin?: string): Promise<Ran>;
  /** A TCP connection that the bastion makes. */
  dial(host: string, port: number): Promise<Duplex>;
  /** Certificate authorities (PEM) of what its way out leads to; left out, the ones every machine knows. */
  readonly authorities?: string;
}

/** The nodes' Talos, asked by the real `talosctl`. */
export interface Talos {
  /** Runs `talosctl` against one node, by its address. */
  run(address: string, ...args: readonly string[]): Promise<Ran>;
}

/** What the Kubernetes API answered. */
export interface KubernetesAnswer {
  readonly status: number;
  readonly body: string;
}

/** The cluster's API, reached through the bastion as its administrator. */
export interface Kubernetes {
  /** Where it answers, for the evidence. */
  readonly server: string;
  get(path: string): Promise<KubernetesAnswer>;
}

/** A resource that a stage's program declares, as the engine plans it. */
export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  /** The inputs that are known. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the inputs that hold something that nobody knows before other things are made. */
  readonly unknown: readonly string[];
}

/** Everything that may be asked about an environment; the composition root fills it in. */
export interface Sources {
  readonly autoscaling: Source<AutoScalingClient>;
  readonly bastion: Source<Bastion>;
  readonly ec2: Source<EC2Client>;
  readonly iam: Source<IAMClient>;
  readonly kubernetes: Source<Kubernetes>;
  readonly logs: Source<CloudWatchLogsClient>;
  readonly ssm: Source<SSMClient>;
  readonly sts: Source<STSClient>;
  readonly talos: Source<Talos>;
}
/** What a world brings of them; the others lead through its bastion to what was built there. */
export type WorldSources = Omit<Sources, "kubernetes" | "talos">;
export type SourceName = keyof Sources | "plan";

export interface GateContext {
  readonly environment: Environment;
  readonly sources: Sources;
  /** What the engine plans, for the checks that look before anything is made. */
  readonly plan?: Source<readonly PlannedResource[]>;
}

/** The source of that name. A check that asks the plan runs only where there is one. */
export function sourceOf({ sources, plan }: GateContext, name: SourceName): Source<unknown> {
  if (name !== "plan") return sources[name];
  if (plan === undefined) throw new Error("there is no plan to ask");
  return plan;
}

/** What one look found. A red verdict is final when waiting cannot help. */
export type Verdict =
  | { readonly status: "green"; readonly evidence: string }
  | { readonly status: "red"; readonly error: string; readonly final?: boolean }
  | { readonly status: "not-applicable"; readonly why: string };

export const green = (evidence: string): Verdict => ({ status: "green", evidence });
export const red = (error: string): Verdict => ({ status: "red", error });

export interface Check {
  /** `<gate>.<name>`, such as `01.subnet`; stable, since the ledger and the red-test table know it. */
  readonly id: string;
  /** The claim, in words that are true when the check is green. */
  readonly title: string;
  /** `observe` only reads; `exercise` makes probe objects and removes them. */
  readonly kind: "observe" | "exercise";
  /** Whom it asks; any stand-in among them makes its answer a stand-in's. */
  readonly asks: readonly SourceName[];
  /** How long it may stay red before it is, and the pause between two looks, in milliseconds. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Passes in a row that it needs: 3 where the answer can flap. */
  readonly passes: 1 | 3;
  readonly look: (context: GateContext) => Promise<Verdict>;
}

export interface Gate {
  /** Two digits, `01`. */
  readonly number: string;
  readonly name: string;
  readonly checks: readonly Check[];
}

export interface CheckResult {
  readonly check: Check;
  readonly status: Verdict["status"];
  readonly via: Via;
  /** Who was asked, each once. */
  readonly asked: readonly string[];
  /** What was seen; for a check that does not apply, why. */
  readonly evidence?: string;
  readonly error?: string;
  readonly durationMs: number;
}

export interface GateResult {
  readonly gate: Gate;
  readonly status: Verdict["status"];
  readonly via: Via;
  readonly checks: readonly CheckResult[];
  readonly durationMs: number;
}
