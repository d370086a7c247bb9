import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AnyImplementation } from '../events/implement.ts'

const parameter = 'interplay-version'

/**
 * Loads entry modules: each has an implementation, or an array of them, as its default export. Another `version` loads them
 * and what they import by relative paths anew. Throws an error that names the entry.
 */
export async function loadEntries(entries: readonly string[], version: number): Promise<AnyImplementation[]> {
  if (version > 0) versionRelativeImports()
  const loaded: AnyImplementation[] = []
  for (const entry of entries) {
    const url = pathToFileURL(resolve(entry))
    if (version > 0) url.searchParams.set(parameter, String(version))
    const module = (await import(url.href)) as { default?: unknown }
    for (const candidate of [module.default].flat()) {
      if (!isImplementation(candidate)) {
        throw new TypeError(
          `${entry} must have an implementation, or an array of them, as its default export.`,
        )
      }
      loaded.push(candidate)
    }
  }
  return loaded
}

let versioning = false

/** Node caches modules by their URL: a version in the importer's URL is passed on to what it imports. */
function versionRelativeImports(): void {
  if (versioning) return
  versioning = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context)
      const version = context.parentURL && new URL(context.parentURL).searchParams.get(parameter)
      if (!version || !/^\.{1,2}\//.test(specifier) || resolved.url.includes('/node_modules/'))
        return resolved
      const url = new URL(resolved.url)
      url.searchParams.set(parameter, version)
      return { ...resolved, url: url.href }
    },
  })
}

function isImplementation(candidate: unknown): candidate is AnyImplementation {
  return (
    typeof candidate === 'object' && candidate !== null && 'definition' in candidate && 'code' in candidate
  )
}
