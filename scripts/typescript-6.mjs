import { registerHooks } from 'node:module'

const files = {
  typescript: new URL('node_modules/typescript/lib/typescript.js', import.meta.url).href,
  'typescript/package.json': new URL('node_modules/typescript/package.json', import.meta.url).href,
}

/**
 * Preloaded by `npm run check:imports`: dependency-cruiser parses with the JavaScript API of TypeScript, which version 7
 * does not have. It gets the version 6 of this folder; everything else in the repository uses 7.
 */
registerHooks({
  resolve(specifier, context, next) {
    const url = files[specifier]
    return url ? { url, shortCircuit: true } : next(specifier, context)
  },
})
