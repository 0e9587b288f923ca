import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { parseDeployment, type Deployment } from "./deployment.ts";

/** How many exports of a kind are kept for each stack. */
const kept = 5;

/** Why it was kept: the state after an operation that ended well, or the state as it was found before it was repaired. */
type Reason = "good" | "before-recovery";

/** The exports of one stack's state, secrets encrypted, readable by their owner only: `<time>-<reason>.json`. */
export class Exports {
  readonly folder: string;

  constructor(folder: string, stack: string) {
    this.folder = join(folder, stack);
  }

  /** Keeps an export, written whole; the oldest of its kind go. Returns its file. */
  keep(content: string | Uint8Array, reason: Reason, now: number): string {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const last = this.#files(reason).at(-1);
    // Of two in one millisecond, and after a clock was set back, the order of names is still that of time.
    const file = join(this.folder, nameOf(last === undefined ? now : Math.max(now, timeOf(last) + 1), reason));
    // One name for all drafts: what a kill leaves is written over.
    const draft = join(this.folder, "new.json");
    try {
      writeFileSync(draft, content, { mode: 0o600 });
      renameSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
    for (const old of this.#files(reason).slice(0, -kept)) rmSync(join(this.folder, old), { force: true });
    return file;
  }

  /** Whether the state may lack what exists: it is an earlier one, and nobody has looked to the end. */
  get incomplete(): boolean {
    return existsSync(this.#mark);
  }

  markIncomplete(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.#mark, "");
  }

  markComplete(): void {
    rmSync(this.#mark, { force: true });
  }

  /** The state as it was, while a changed one is looked at that may have to be taken back. */
  get undo(): Deployment | undefined {
    return existsSync(this.#undo) ? parseDeployment(readFileSync(this.#undo, "utf8")) : undefined;
  }

  keepUndo(content: string): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#undo}.new`, content, { mode: 0o600 });
    renameSync(`${this.#undo}.new`, this.#undo);
  }

  forgetUndo(): void {
    rmSync(this.#undo, { force: true });
  }

  get #undo(): string {
    return join(this.folder, "undo.json");
  }

  get #mark(): string {
    return join(this.folder, "incomplete");
  }

  /** The newest export of a state that was good, if one can be read. */
  lastGood(): { readonly file: string; readonly deployment: Deployment } | undefined {
    for (const name of this.#files("good").reverse()) {
      const file = join(this.folder, name);
      const deployment = parseDeployment(readFileSync(file, "utf8"));
      if (deployment !== undefined) return { file, deployment };
    }
    return undefined;
  }

  /** Forgets them all: of a stack that was taken down nothing is to be restored. */
  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Oldest first. */
  #files(reason: Reason): string[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder).filter((name) => nameOf(timeOf(name), reason) === name).sort();
  }
}

function nameOf(time: number, reason: Reason): string {
  return `${Number.isNaN(time) ? "?" : new Date(time).toISOString().replaceAll(/[-:.]/g, "")}-${reason}.json`;
}

/** Milliseconds since the epoch, out of a file's name; not a number for any other file. */
function timeOf(name: string): number {
  return Date.parse(name.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d)(\d{3}Z)-.*$/, "$1-$2-$3:$4:$5.$6"));
}
