import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
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

/** Everything that may be asked about an environment; the composition root fills it in. */
export interface Sources {
  readonly ec2: Source<EC2Client>;
  readonly iam: Source<IAMClient>;
  readonly logs: Source<CloudWatchLogsClient>;
  readonly sts: Source<STSClient>;
}
export type SourceName = keyof Sources;

export interface GateContext {
  readonly environment: Environment;
  readonly sources: Sources;
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
  /** Who was asked. */
  readonly asked: string;
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
