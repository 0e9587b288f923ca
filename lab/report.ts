import type { Boot, SeenStep } from "./boot.ts";

/** Whether every step was seen, and as it should be. */
export function isGood({ steps }: Pick<Boot, "steps">): boolean {
  return steps.every(({ evidence }) => evidence !== undefined);
}

/** Progress: a step was just seen. */
export function progressLine({ step, seconds = 0, problem }: SeenStep): string {
  return `${problem === undefined ? "✔" : "✗"} ${seconds.toFixed(1).padStart(6)} s  ${step}${problem === undefined ? "" : `: ${problem}`}`;
}

/** One step, a line: sign, name, seconds since power-on, what was seen and in which log. */
function stepLine({ step, seconds, source, evidence, problem }: SeenStep): string {
  const sign = evidence === undefined ? "✗" : "✔";
  const when = seconds === undefined ? "-" : seconds.toFixed(1);
  const said = evidence ?? problem;
  return `${sign} ${step.padEnd(nameWidth)} ${when.padStart(7)}  ${said === undefined ? "not seen" : `${said} (${source})`}`;
}

const nameWidth = 24;

/** The whole boot as a table, and how it ended. */
export function table({ steps, ending }: Pick<Boot, "steps" | "ending">): string {
  return [`  ${"step".padEnd(nameWidth)} seconds  evidence (log)`, ...steps.map(stepLine), `  ${ending}`].join("\n");
}
