import { readFileSync } from 'node:fs'

const products = ['shared', 'server', 'client']
const tests = '[.](test|test-d|contract)[.]tsx?$|/testing/'

/** The files behind the public names of the packages: what `exports` names as their sources, and the command. */
const entries = products.flatMap((folder) => {
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  return Object.values(exports).map((target) => `${folder}/${target['interplay-source'].slice(2)}`)
})
/** Loaded by name: the command, and the thread of the SQLite log. */
const loaded = ['server/src/cli/main.ts', 'server/src/log/sqlite-worker.ts']
const pattern = (paths) => `^(${paths.map((path) => path.replaceAll('.', '[.]')).join('|')})$`
const server = (...parts) => `^server/src/(${parts.join('|')})(/|[.]ts$)`

/** `docs/architecture.md`, "The house": who may import whom. */
export default {
  forbidden: [
    {
      name: 'shared-stands-alone',
      comment: 'shared is below server and client.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(server|client|e2e|bench|examples)/' },
    },
    {
      name: 'server-and-client-never-meet',
      comment:
        'They share the definition and the wire, nothing else. A type test proves that such an import fails.',
      severity: 'error',
      from: { path: '^(server|client)/', pathNot: '[.]test-d[.]ts$' },
      to: { path: '^(server|client|e2e|bench|examples)/', pathNot: '^$1/' },
    },
    ...['transport', 'session', 'room', 'events', '(live|jobs)'].map((layer, index, layers) => ({
      name: `layer-${layer.replace(/\W+/g, '-').replace(/^-|-$/g, '')}`,
      comment:
        'transport → session → room → events → {live, jobs}; above them http, deploy, cli and the root.',
      severity: 'error',
      from: { path: server(layer), pathNot: tests },
      to: {
        path: server(
          ...layers.slice(0, index),
          ...(index > 0 ? ['http'] : []),
          'deploy',
          'cli',
          'server',
          'index',
        ),
      },
    })),
    {
      name: 'live-and-jobs-never-meet',
      severity: 'error',
      from: { path: server('(live|jobs)'), pathNot: tests },
      to: { path: server('(live|jobs)'), pathNot: '^server/src/$2/' },
    },
    {
      name: 'adapters-stay-behind-their-interface',
      comment:
        'Only the top-level files of server/src (root, options, subpath exports), cli and tests name an adapter.',
      severity: 'error',
      from: { path: '^server/src/[^/]+/', pathNot: `^server/src/(log|cluster|cli)/|${tests}` },
      to: {
        path: '^server/src/(log|cluster)/',
        pathNot: '^server/src/(log/(log|compaction)|cluster/cluster)[.]ts$',
      },
    },
    {
      name: 'log-cluster-observe-are-leaves',
      comment: 'What everything imports imports nothing back.',
      severity: 'error',
      from: { path: server('log', 'cluster', 'observe'), pathNot: tests },
      to: {
        path: server(
          'transport',
          'session',
          'room',
          'events',
          'live',
          'jobs',
          'http',
          'deploy',
          'cli',
          'server',
          'index',
        ),
      },
    },
    {
      name: 'only-public-names',
      comment: 'Examples and benchmarks use the packages as their users do.',
      severity: 'error',
      from: { path: '^(examples|bench)/' },
      to: { path: `^(${products.join('|')})/`, pathNot: pattern(entries) },
    },
    {
      name: 'no-relative-way-into-a-package',
      severity: 'error',
      from: { path: '^([^/]+)/' },
      to: { path: `^(${products.join('|')})/`, pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-cycles',
      comment: 'Type imports count: a cycle of types is a cycle of ideas.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Every source file is reached from a public name or a command; a worker is loaded by its URL.',
      severity: 'error',
      from: { path: pattern([...entries, ...loaded]) },
      to: {
        path: `^(${products.join('|')})/src/`,
        pathNot: `${pattern([...entries, ...loaded])}|${tests}`,
        reachable: false,
      },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      // A style sheet may lie behind export conditions that only the bundler has.
      to: { couldNotResolve: true, pathNot: '[.]css$' },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package is published with its own package.json: what it imports must stand there.',
      severity: 'error',
      from: { path: `^(${products.join('|')})/src/`, pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: '^(shared|server|client)/' },
    },
  ],
  options: {
    // Type imports count too. The parser is TypeScript 6 (`scripts/typescript-6.mjs`).
    parser: 'tsc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^([^/]+|examples/[^/]+)/(dist|test-results)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['interplay-source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
}
