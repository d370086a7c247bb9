import './require-node.mjs'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'

const reports = { vitest: 'test-results/vitest.json', playwright: 'test-results/playwright.json' }
rmSync('test-results', { recursive: true, force: true })
mkdirSync('test-results')

run('node', 'scripts/ensure-chromium.mjs') || finish({ passed: 0, failed: 1 })
run('npm', 'run', '--silent', 'build') || finish({ passed: 0, failed: 1 })

const inNode = count(
  run('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reports.vitest}`),
  reports.vitest,
  ({ numPassedTests, numFailedTests, testResults }) => ({
    passed: numPassedTests,
    failed: numFailedTests + testResults.filter(doesNotLoad).length,
  }),
)
const inBrowser = count(run('playwright', 'test'), reports.playwright, ({ stats }) => ({
  passed: stats.expected,
  failed: stats.unexpected + stats.flaky,
}))
finish({ passed: inNode.passed + inBrowser.passed, failed: inNode.failed + inBrowser.failed })

function run(command, ...args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

function doesNotLoad(file) {
  return file.status === 'failed' && file.assertionResults.length === 0
}

/** A runner that fails without a failed test (an error outside of tests, no report) counts as one failure. */
function count(succeeded, report, read) {
  const { passed, failed } = readReport(report, read)
  return { passed, failed: succeeded ? failed : Math.max(failed, 1) }
}

function readReport(report, read) {
  try {
    return read(JSON.parse(readFileSync(report, 'utf8')))
  } catch {
    return { passed: 0, failed: 1 }
  }
}

/** The last line is the one that is counted, alone and plain. */
function finish({ passed, failed }) {
  console.log(`\n${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
}
