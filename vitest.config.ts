import { defineConfig } from 'vitest/config'

const conditions = ['interplay-source', 'module', 'node', 'development|production']

/**
 * Tests run from the sources: the `interplay-source` condition makes every package resolve to its `src`.
 * `*.test-d.ts` are tests of types: they are compiled, not run.
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: ['shared', 'server', 'client', 'e2e', 'examples/whiteboard'].map((name) => ({
      extends: true as const,
      test: {
        name,
        root: name,
        include: ['**/*.test.{ts,tsx}'],
        typecheck: { enabled: true, include: ['**/*.test-d.ts'], ignoreSourceErrors: true },
      },
    })),
  },
})
