import { spawnSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'

/**
 * Runs after every install: makes `node_modules/.bin/node` the Node 24 of this platform's optional package. npm links it
 * too, but npm 10 drops the link again with the package of the other platform, and where the binary does not run (no
 * glibc, no such package) the machine's own Node must stay in front.
 */
const link = 'node_modules/.bin/node'
const binary = `node-${process.platform}-${process.arch}/bin/node`

rmSync(link, { force: true })
if (spawnSync(`node_modules/${binary}`, ['--version']).status === 0) symlinkSync(`../${binary}`, link)
