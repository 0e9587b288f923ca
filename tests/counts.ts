export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What one suite leaves behind. */
export interface Outcome extends Counts {
  readonly failures: readonly { readonly title: string; readonly error: string }[];
}

export function total(all: readonly Counts[]): Counts {
  return all.reduce((sum: Counts, { passed, failed, skipped }) => ({ passed: sum.passed + passed, failed: sum.failed + failed, skipped: sum.skipped + skipped }), {
    passed: 0,
    failed: 0,
    skipped: 0,
  });
}
