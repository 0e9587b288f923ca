import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { boot, type Boot, type BootArgs } from "../../lab/boot.ts";
import { writeBundle, type Expected } from "../../lab/bundle.ts";
import { ensureMedia, type Media } from "../../lab/media.ts";
import { labProblem } from "../../lab/needs.ts";
import { ensureTool } from "../../toolchain/toolchain.ts";

const progress = (line: string): boolean => process.stderr.write(`${line}\n`);

/** What the machine is made of, or why none can be booted here: its packages are as necessary as QEMU's. */
const media: Media | UserError = (await labProblem()) ?? (await ensureMedia({ progress }).catch((error: unknown) => (error instanceof UserError ? error : Promise.reject(error as Error))));

export const problem = media instanceof UserError ? media : undefined;
/** For a title: tests that cannot run say so by name. */
export const skipped = problem === undefined ? "" : ` (skipped: ${problem.message.split("\n")[0] ?? ""})`;

export interface Trial {
  readonly booted: Boot;
  readonly expected: Expected;
}

interface More {
  /** What is otherwise to be expected of this bundle. */
  readonly expected?: Partial<Expected>;
  readonly onStep?: NonNullable<BootArgs["onStep"]>;
}

/** A test file's boots, each with a bundle of its own. */
export class Trials {
  readonly #folder = mkdtempSync(join(tmpdir(), "moonback-lab-"));
  readonly #media: Media;
  readonly #matchbox: string;
  readonly #running: Promise<unknown>[] = [];

  private constructor(media: Media, matchbox: string) {
    this.#media = media;
    this.#matchbox = matchbox;
  }

  static async prepare(): Promise<Trials> {
    if (media instanceof UserError) throw media;
    return new Trials(media, (await ensureTool("matchbox", { progress })).path);
  }

  /** Writes the bundle, lets `change` break it, and boots. */
  boot(name: string, change: (bundle: string) => void = () => undefined, more: More = {}): Promise<Trial> {
    const trial = this.#boot(name, change, more);
    // A test that does not come to await it must not leave it behind.
    this.#running.push(trial.catch(() => undefined));
    return trial;
  }

  /** Where a boot's logs are while it runs. */
  logs(name: string): string {
    return join(this.#folder, name, "logs");
  }

  async #boot(name: string, change: (bundle: string) => void, more: More): Promise<Trial> {
    const bundle = join(this.#folder, name, "bundle");
    const expected = { ...(await writeBundle(bundle, this.#media)), ...more.expected };
    change(bundle);
    return { expected, booted: await boot({ media: this.#media, matchbox: this.#matchbox, logs: this.logs(name), ...more, bundle, expected }) };
  }

  async end(): Promise<void> {
    await Promise.all(this.#running);
    rmSync(this.#folder, { recursive: true });
  }
}
