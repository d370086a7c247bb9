import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
import { dirname, join, normalize } from 'node:path'
import { errorKind, errorStatus } from '@interplay/shared'
import { readFrame, writeFrame } from '@interplay/shared/protocol'
import * as decoding from 'lib0/decoding'
import { expect, test } from 'vitest'
import { writeDocPrograms } from './doc-programs.ts'
import {
  anchors,
  codeBlocks,
  codeSpans,
  type Document,
  links,
  prose,
  readDocuments,
  root,
  tableRows,
} from './documents.ts'

const documents = readDocuments()
const documentAt = (path: string): Document => {
  const found = documents.find((document) => document.path === path)
  if (!found) throw new Error(`There is no ${path}`)
  return found
}
const source = (path: string) => readFileSync(join(root, path), 'utf8')
const unique = (matches: Iterable<RegExpMatchArray>) => [...new Set([...matches].map(([, name]) => name!))]

test('the code in the documents compiles', { timeout: 120_000 }, async () => {
  await using programs = await writeDocPrograms(documents)
  expect(await programs.compile()).toEqual([])
})

test('the example of the README runs', { timeout: 120_000 }, async () => {
  const readme = documentAt('README.md')
  await using programs = await writeDocPrograms([readme])
  const folder = programs.folderOf(readme)
  const port = await freePort()
  for (const name of ['server.ts', 'client.ts']) {
    const path = join(folder, name)
    const code = await readFile(path, 'utf8')
    expect(code).toContain('8787')
    await writeFile(path, code.replace('8787', String(port)))
  }
  const server = run(folder, 'server.ts')
  const ended = output(server).then((printed) => {
    throw new Error(`The server ended: ${printed}`)
  })
  try {
    await Promise.race([answers(`http://127.0.0.1:${port}/readyz`), ended])
    const printed = await output(run(folder, 'client.ts'))
    const [, noteId] = /^([0-9a-f-]{36}) /.exec(printed) ?? []
    expect(noteId, printed).toBeDefined()
    expect(printed).toMatch(/text: 'Ship'[\s\S]* 1\n$/)
    const state = await (await fetch(`http://127.0.0.1:${port}/api/rooms/board%2Fq3`)).json()
    expect(state).toMatchObject({ title: 'Plan', added: 1, notes: { [noteId!]: { text: 'Ship' } } })
  } finally {
    server.kill()
    await ended.catch(() => {})
  }
})

test('every link leads somewhere', () => {
  const broken = documents.flatMap((document) =>
    links(document)
      .filter((target) => !/^(https?:|mailto:)/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? document.path : normalize(join(dirname(document.path), path))
        if (!existsSync(join(root, file))) return true
        const linked = documents.find((each) => each.path === file)
        return anchor !== undefined && !(linked && anchors(linked).has(anchor))
      })
      .map((target) => `${document.path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every path of the repository that is named exists', () => {
  const isPath = /^((shared|server|client|e2e|examples|bench|docs|scripts)\/[\w./-]*|[\w.-]+\.(json|mjs|md))$/
  const missing = documents.flatMap((document) =>
    codeSpans(document)
      .filter((span) => isPath.test(span) && !existsSync(join(root, span)))
      .map((span) => `${document.path}: ${span}`),
  )
  expect(missing).toEqual([])
})

test('every error code has a page, and every page a code, with its status and close code', () => {
  const pages = readdirSync(join(root, 'docs/errors')).filter((name) => name !== 'README.md')
  const codes = Object.keys(errorStatus)
  expect(pages.sort()).toEqual(codes.map((code) => `${code}.md`).sort())
  const index = tableRows(documentAt('docs/errors/README.md').text)
  for (const code of codes) {
    const { http, close, retry } = errorKind(code)
    const { text } = documentAt(`docs/errors/${code}.md`)
    const facts = [String(http), String(close), retry ? 'yes' : 'no']
    expect(text).toMatch(new RegExp(`^# \`${code}\`\n`))
    expect(tableRows(text)[1], code).toEqual(facts)
    expect(index.find(([first]) => first === `[\`${code}\`](${code}.md)`)?.slice(1, 4), code).toEqual(facts)
  }
})

test('every option of the server is described, with its default', () => {
  const rows = tableRows(documentAt('docs/server-options.md').text)
  const members = [
    ...source('server/src/options.ts').matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\??:/g),
  ]
  expect(members.length).toBeGreaterThan(10)
  for (const [, comment, name] of members) {
    const row = rows.find(([first]) => first === `\`${name}\``)
    expect(row, name).toBeDefined()
    const number = /@default ([\d_]+)/.exec(comment!)?.[1]
    if (number) expect(row?.[1], name).toBe(number.replaceAll('_', ' '))
  }
})

test('every metric, option of the command line and HTTP path is described', () => {
  const described: [string, string[], string][] = [
    ['docs/operations.md', unique(source('server/src/observe/metrics.ts').matchAll(/name: '(\w+)'/g)), '`%`'],
    ['docs/cli.md', unique(source('server/src/cli/main.ts').matchAll(/'(--[\w-]+)[^']*'/g)), '%'],
    ['docs/http.md', unique(source('server/src/http/api.ts').matchAll(/app\.\w+\('([^'*]+)'/g)), '%'],
  ]
  for (const [path, names, form] of described) {
    expect(names.length, path).toBeGreaterThan(5)
    const { text } = documentAt(path)
    for (const name of names) {
      const written = form.replace('%', name.replace(/:(\w+)/g, '<$1>'))
      expect(text.includes(written), `${path}: ${written}`).toBe(true)
    }
  }
})

test('the frames in the specification have the bytes that are there', () => {
  let count = 0
  for (const { language, code } of codeBlocks(documentAt('docs/spec.md'))) {
    const [hex = '', json = ''] = code.split('\n')
    const bytes = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    if (language === 'runtime-frame') {
      expect(readFrame(bytes), code).toEqual(JSON.parse(json))
      expect(Buffer.from(writeFrame(readFrame(bytes))).toString('hex')).toBe(hex.replaceAll(' ', ''))
    } else if (language === 'hocuspocus-frame') {
      const { room, type } = JSON.parse(json)
      const decoder = decoding.createDecoder(bytes)
      expect([decoding.readVarString(decoder), decoding.readVarUint(decoder)], code).toEqual([room, type])
    } else continue
    count += 1
  }
  expect(count).toBeGreaterThan(15)
})

test('every rule that is said to be in force has the tests that are named', () => {
  const rows = tableRows(prose(documentAt('docs/spec.md'))).filter(([rule]) => /^[SLEVPGCD]\d$/.test(rule!))
  expect(rows).toHaveLength(30)
  for (const [rule, , state, tests = ''] of rows) {
    expect(['yes', 'in part', 'no'], rule).toContain(state)
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, path]) => path!)
    if (state === 'yes') expect(files.length, rule).toBeGreaterThan(0)
    for (const file of files) expect(source(file).includes(`[${rule}]`), `${rule}: ${file}`).toBe(true)
  }
})

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves once there is an answer at a URL. */
async function answers(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 50))
}

function run(cwd: string, file: string): ChildProcess {
  return spawn(process.execPath, ['--conditions=interplay-source', file], { cwd, stdio: 'pipe' })
}

/** Standard output of a program that ends by itself; rejects with its errors when it ends badly. */
async function output(child: ChildProcess): Promise<string> {
  let printed = ''
  let errors = ''
  child.stdout?.on('data', (text) => {
    printed += text
  })
  child.stderr?.on('data', (text) => {
    errors += text
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`It ended with ${code}: ${printed}${errors}`)
  return printed
}
