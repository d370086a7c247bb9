import { watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Editors write a file in several steps: changes within this time are one. */
const settleMs = 60

const ignored = /(^|[\\/])(node_modules|dist|\.[^\\/]+)([\\/]|$)/
const source = /\.([cm]?[jt]s|[jt]sx|json)$/

/** Calls `changed` when a source file in the folders of these entries has changed. Returns its stop. */
export function watchEntries(entries: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const folders = new Set(entries.map((entry) => dirname(resolve(entry))))
  const watchers = [...folders].map((folder) =>
    watch(folder, { recursive: true }, (_kind, file) => {
      if (file && (ignored.test(file) || !source.test(file))) return
      clearTimeout(timer)
      timer = setTimeout(changed, settleMs)
    }),
  )
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
