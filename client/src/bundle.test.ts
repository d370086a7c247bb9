import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** Bytes of a minified, gzipped entry with all it needs but Yjs and React, which applications have anyway. */
async function bundledBytes(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    conditions: ['interplay-source'],
    external: ['yjs', 'react'],
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

test('the client has at most 14 kB', async () => {
  const bytes = await bundledBytes('index.ts')
  console.log(`@interplay/client: ${bytes} bytes, minified and gzipped, without Yjs`)
  expect(bytes).toBeLessThanOrEqual(14_000)
})

test('the React hooks have at most 3 kB', async () => {
  const bytes = await bundledBytes('react/index.ts')
  console.log(`@interplay/client/react: ${bytes} bytes, minified and gzipped, without React`)
  expect(bytes).toBeLessThanOrEqual(3_000)
})
