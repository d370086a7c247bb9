/** Imported first by the scripts that need a recent Node: says what to do instead of failing on syntax later. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Interplay needs Node 22.18 or newer, and 24 is best; this is ${process.version}.\n` +
      'On Linux (x64, arm64) `npm ci` puts Node 24 into node_modules/.bin, where npm scripts find it first:\n' +
      'run `npm ci` without --omit=optional. Elsewhere install Node 24 from https://nodejs.org.',
  )
  process.exit(1)
}
