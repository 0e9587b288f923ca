/** One suite: what proves one layer. `checks` are programs whose exit code is the answer; the others are mocha's. */
export interface Suite {
  readonly name: string;
  /** Runs in seconds and needs neither engine nor emulator. */
  readonly fast: boolean;
  readonly program: string;
  readonly args: readonly string[];
  readonly kind: "check" | "mocha";
}

const check = (name: string, program: string, ...args: string[]): Suite => ({ name, fast: true, program, args, kind: "check" });
const mocha = (folder: string, { fast }: { fast: boolean }): Suite => ({
  name: folder,
  fast,
  program: "mocha",
  args: [`tests/${folder}/**/*.test.ts`],
  kind: "mocha",
});

/** Every suite, quick ones first, so that a typo does not wait for an engine. */
export const suites: readonly Suite[] = [
  check("types", "tsc", "--noEmit", "--project", "."),
  check("lint", "eslint", "."),
  check("rooms", "depcruise", "--config", ".dependency-cruiser.cjs", "."),
  check("unused", "knip"),
  mocha("config", { fast: true }),
  mocha("stacks", { fast: true }),
  mocha("components", { fast: true }),
  mocha("automation", { fast: true }),
  mocha("toolchain", { fast: true }),
  mocha("guard-rails", { fast: true }),
  // The longest first, so that the two lanes end together.
  mocha("survival", { fast: false }),
  mocha("rehearsal", { fast: false }),
  mocha("providers", { fast: false }),
  mocha("gates", { fast: false }),
  mocha("netboot", { fast: false }),
  mocha("emulator", { fast: false }),
  mocha("nodes", { fast: false }),
  mocha("talos", { fast: false }),
  mocha("kubernetes", { fast: false }),
  mocha("lab", { fast: false }),
];
