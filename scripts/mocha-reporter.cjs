/** Mocha's spec reporter, which also writes the counts to the file that TEST_COUNTS names. */
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
};
