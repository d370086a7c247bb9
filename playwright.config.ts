import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/ensure-chromium.mjs'

const isRoot = process.getuid?.() === 0

/** Browser tests. Each starts its own server on a free port; `npm run build` comes first, since they use `dist`. */
export default defineConfig({
  testDir: 'e2e/browser',
  testMatch: '*.spec.ts',
  outputDir: 'test-results/browser',
  reporter: [['list'], ['json', { outputFile: 'test-results/playwright.json' }]],
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: 'chromium',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: findChromium(),
      args: [
        ...(isRoot ? ['--no-sandbox'] : []),
        '--disable-component-update',
        '--disable-domain-reliability',
        '--no-pings',
        // Nothing but this machine has a name, so nothing goes out in the background.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
      ],
    },
  },
})
