import type { CheckResult, GateResult } from "../gates/gate.ts";
import type { Change } from "./engine-events.ts";

const opSymbols = { create: "+", update: "~", replace: "±", delete: "-", outputs: "~" } as const;

/** One planned change: `~ aws:ec2/vpc:Vpc network-vpc [tags]`. */
export function describeChange(change: Change): string {
  const properties = change.properties.length > 0 ? ` [${change.properties.join(", ")}]` : "";
  const subject = change.op === "outputs" ? "the stack's outputs" : `${change.type} ${change.name}`;
  return `${opSymbols[change.op]} ${subject}${properties}${change.op === "replace" ? " (replaced)" : ""}`;
}

/** "2 to create, 1 to update"; "nothing to change". */
export function summarizeChanges(changes: readonly Change[]): string {
  const counts = (["create", "update", "replace", "delete", "outputs"] as const).flatMap((op) => {
    const count = changes.filter((change) => change.op === op).length;
    return count === 0 ? [] : [op === "outputs" ? "outputs to update" : `${count} to ${op}`];
  });
  return counts.join(", ") || "nothing to change";
}

/** One check's finding: what was seen where it is green, claim and last error where it is red. */
export function describeCheck({ check, status, evidence, error }: CheckResult): string {
  const id = `${check.id.padEnd(27)} `;
  if (status === "red") return `${id}${check.title}\n    ${error ?? "red"}`;
  return `${id}${status === "not-applicable" ? "does not apply: " : ""}${evidence ?? ""}`;
}

export function describeGate({ gate, status, via, checks }: GateResult): string {
  const greens = checks.filter((result) => result.status === "green").length;
  const notApplicable = checks.filter((result) => result.status === "not-applicable").length;
  const aside = notApplicable === 0 ? "" : `, ${notApplicable} not applicable`;
  const asked = [...new Set(checks.flatMap((result) => result.asked))].join(", ");
  return `gate ${gate.number} ${gate.name}: ${status}, ${greens} of ${checks.length} checks green${aside} [${via}: ${asked}]`;
}
