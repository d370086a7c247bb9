import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** Bytes of a bundle, minified and gzipped. */
async function bundledBytes(source: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    conditions: ['interplay-source'],
    external: [...external],
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

/** What a page loads for the client beyond Yjs, which every such page has, and the parts of lib0 that Yjs brings along. */
test('the client has at most 14 kB', async () => {
  const yjs = "export * from 'yjs'"
  const bytes = (await bundledBytes(`${yjs}\nexport * from './index.ts'`, [])) - (await bundledBytes(yjs, []))
  console.log(`@interplay/client: ${bytes} bytes, minified and gzipped, on top of Yjs`)
  expect(bytes).toBeLessThanOrEqual(14_000)
})

test('the React hooks have at most 3 kB', async () => {
  const bytes = await bundledBytes("export * from './react/index.ts'", ['yjs', 'react'])
  console.log(`@interplay/client/react: ${bytes} bytes, minified and gzipped, without React`)
  expect(bytes).toBeLessThanOrEqual(3_000)
})
