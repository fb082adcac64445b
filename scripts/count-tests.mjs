// Prints "PASSED FAILED SKIPPED" for a report of vitest's JSON reporter. A file that fails without a failing test (it
// cannot be loaded, or a hook fails) counts as one failure.
// usage: node scripts/count-tests.mjs REPORT
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
console.log(
  report.numPassedTests,
  report.numFailedTests + brokenFiles.length,
  report.numPendingTests + report.numTodoTests,
);
