export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function total(all: readonly Counts[]): Counts {
  return all.reduce((sum, { passed, failed, skipped }) => ({ passed: sum.passed + passed, failed: sum.failed + failed, skipped: sum.skipped + skipped }), {
    passed: 0,
    failed: 0,
    skipped: 0,
  });
}
