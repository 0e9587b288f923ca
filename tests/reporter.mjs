// mocha's spec reporter that also leaves its counts in the file MOONBACK_COUNTS names, so that the runner need not read prose.
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

export default class CountingSpec extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.MOONBACK_COUNTS;
      if (file !== undefined) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
}
