import type { StageStatus } from "../standing.ts";

/** The page's headline: what the ledger says of the whole environment. */
export interface Headline {
  readonly tone: "green" | "red" | "open" | "none";
  readonly text: string;
}

/** Pure: the one sentence that matters most, worst first. */
export function headline(standing: readonly StageStatus[], hasRuns: boolean): Headline {
  if (!hasRuns) return { tone: "none", text: "No run yet" };
  if (standing.every(({ status }) => status === "not built")) return { tone: "none", text: "Nothing is built" };
  const gates = standing.flatMap((stage) => stage.gates);
  const red = [...new Set(gates.filter(({ status }) => status === "red").map(({ gate }) => gate))].sort();
  if (red.length > 0) return { tone: "red", text: red.length === 1 ? `Gate ${red[0] ?? ""} is red` : `Gates ${listed(red)} are red` };
  const failed = standing.find(({ status }) => status === "failed" || status === "red");
  if (failed !== undefined) return { tone: "red", text: `Stage ${failed.stage} ${failed.status === "failed" ? "failed" : "was refused"}` };
  const open = standing.find(({ status }) => status === "started");
  if (open !== undefined) return { tone: "open", text: `Stage ${open.stage} did not end` };
  const built = standing.filter(({ status }) => status === "green");
  const proved = built.filter((stage) => stage.gates.every(({ status }) => status === "green" || status === "not-applicable"));
  if (proved.length < standing.length) return { tone: "open", text: proved.length === built.length ? `${built.length} of ${standing.length} stages are up` : `${proved.length} of ${standing.length} stages are proved` };
  return { tone: "green", text: gates.every(({ status }) => status === "green") ? "Every gate is green" : "Every gate that applies is green" };
}

/** "01", "01 and 02", "01, 02 and 09". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
