// mocha's spec reporter that also leaves its counts in the file MOONBACK_COUNTS names, so that the runner need not read prose.
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

export default class CountingSpec extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failures = [];
    runner.on("fail", (test, error) => failures.push({ title: test.fullTitle(), error: String(error?.message ?? error) }));
    runner.once("end", () => {
      const { passes, failures: failed, pending } = this.stats;
      const file = process.env.MOONBACK_COUNTS;
      if (file !== undefined) writeFileSync(file, JSON.stringify({ passed: passes, failed, skipped: pending, failures }));
    });
  }
}
