import './require-node.mjs'
import { spawnSync } from 'node:child_process'
import { chromium } from '@playwright/test'

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Playwright asks its servers for 30 s, several times over; on a closed network that is long to wait. */
const impatient = { ...process.env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '10000' }
const isRoot = process.getuid?.() === 0

/** The path of a Chromium that starts: the system's, else Playwright's own; `undefined` without any. */
export function findChromium() {
  return [...installed, chromium.executablePath()].find((path) => runs(path, ['--version', '--no-sandbox']))
}

function runs(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function install(command, ...args) {
  console.log(`chromium: none found, trying \`${[command, ...args].join(' ')}\``)
  spawnSync(command, args, { stdio: 'inherit', env: impatient })
  return findChromium()
}

function installFromDebian() {
  const [command = 'apt-get', ...sudo] = isRoot ? ['apt-get'] : ['sudo', '-n', 'apt-get']
  install(command, ...sudo, 'update')
  return install(command, ...sudo, 'install', '-y', '--no-install-recommends', 'chromium')
}

if (process.argv[1] === import.meta.filename) {
  const found = findChromium()
  const path = found ?? install('playwright', 'install', 'chromium') ?? installFromDebian()
  if (path) console.log(`chromium: ${found ? 'using' : 'installed'} ${path}`)
  else console.error('chromium: none found and none could be installed; install it and run this again')
  process.exitCode = path ? 0 : 1
}
