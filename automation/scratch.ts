import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { project } from "../stacks/project.ts";
import { directoriesIn, type Directories } from "./directories.ts";

/** The folder that a plan works in where nothing may be written: project, run data and state in one. Gone when this process ends. */
export class Scratch {
  readonly folder: string;
  readonly directories: Directories;
  #keepLogs = false;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "moonback-offline-"));
    // Settings of the engine's own appear beside this file, so it is not the checkout's. An inline program needs no `main`.
    writeFileSync(join(this.folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    this.directories = directoriesIn(this.folder, this.folder);
    // Every end but a kill comes by here, the second Ctrl-C too.
    process.once("exit", () => this.#remove());
  }

  /** What failed is looked up in the logs: they stay. */
  keepLogs(): void {
    this.#keepLogs = true;
  }

  #remove(): void {
    const { logs } = this.directories;
    const all = this.#keepLogs && existsSync(logs) ? readdirSync(this.folder).map((name) => join(this.folder, name)) : [this.folder];
    for (const path of all) if (path !== logs) rmSync(path, { recursive: true, force: true });
  }
}
