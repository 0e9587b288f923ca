import { closeSync, existsSync, mkdirSync, openSync, readSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ExitCode, UserError, errorMessage } from "../../common/errors.ts";
import { reportOf } from "../report/model.ts";
import { pageOf, reportBeginning } from "../report/page.ts";
import { counted } from "../report/words.ts";
import type { Session } from "../session.ts";

export interface ReportOptions {
  /** The file that takes the page; `report.html` beside the ledger by default. */
  readonly out?: string;
}

/** Writes one HTML page of what the ledger knows. Asks nobody and starts nothing. */
export function report({ environment, directory, directories, ledger, clock, console }: Session, { out }: ReportOptions): ExitCode {
  const file = out === undefined ? join(directories.runData, "report.html") : resolve(out);
  refuseForeign(file);
  const { name, target, region, window } = environment;
  const told = reportOf(ledger.read(), { environment: name, target, region, timezone: window.timezone, now: clock.now(), ledger: relative(directory, ledger.file) });
  const page = pageOf(told);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
  } catch (error) {
    throw refused(`The report cannot be written to ${file}: ${errorMessage(error)}`, error);
  }
  console.result(file);
  console.emit({ kind: "report", environment: name, file, bytes: Buffer.byteLength(page), headline: told.headline.text, runs: told.runs.length, standIns: told.standIns });
  console.say("good", told.runs.length === 0 ? `nothing has run in ${name} yet, and the page says so` : `${told.headline.text}; ${counted(told.runs.length, "run")}. Open the file in a browser`);
  return ExitCode.done;
}

/** A slip in --out must not cost anybody a file: only a report gives way to a report. */
function refuseForeign(file: string): void {
  if (!existsSync(file)) return;
  const beginning = Buffer.alloc(reportBeginning.length);
  let length: number;
  try {
    const descriptor = openSync(file, "r");
    length = readSync(descriptor, beginning);
    closeSync(descriptor);
  } catch (error) {
    throw refused(`The report cannot be written to ${file}: ${errorMessage(error)}`, error);
  }
  if (length > 0 && beginning.toString("latin1") !== reportBeginning) throw refused(`${file} is there already, and is no report.`);
}

function refused(message: string, cause?: unknown): UserError {
  return new UserError(message, { exitCode: ExitCode.usage, fix: "Name another file with --out.", cause });
}
