import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { codeBlocks, type Document, root } from './documents.ts'

interface Line {
  /** Its number in the document. */
  readonly number: number
  readonly text: string
}

/** The code of documents, written into a folder inside the workspace, so that it finds the packages. */
export interface DocPrograms extends AsyncDisposable {
  /** The folder of one document's code. */
  folderOf(document: Document): string
  /** What the compiler says of it, by document and line. */
  compile(): Promise<string[]>
}

/**
 * The code of a document: its `ts` and `tsx` blocks. Blocks whose first line is `// file: name.ts` go into that file,
 * the others into one file, in their order. A block marked `no-check` is left out.
 */
function programsOf(document: Document): Map<string, Line[]> {
  const programs = new Map<string, Line[]>()
  const blocks = codeBlocks(document).filter(
    ({ language, info }) => /^tsx?$/.test(language) && !info.includes('no-check'),
  )
  const fileOf = (code: string) => /^\/\/ file: (\S+)\n/.exec(code)?.[1]
  const hasJsx = blocks.some(({ language, code }) => language === 'tsx' && !fileOf(code))
  for (const { line, code } of blocks) {
    const name = fileOf(code) ?? (hasJsx ? 'document.tsx' : 'document.ts')
    const lines = programs.get(name) ?? []
    for (const [index, text] of code.split('\n').entries()) lines.push({ number: line + index, text })
    programs.set(name, lines)
  }
  return programs
}

export async function writeDocPrograms(documents: readonly Document[]): Promise<DocPrograms> {
  // Ignored by git.
  await mkdir(join(root, 'test-results'), { recursive: true })
  const folder = await mkdtemp(join(root, 'test-results/docs-'))
  const nameOf = ({ path }: Document) => path.replace(/\.md$/, '')
  const sources = new Map<string, { document: Document; lines: Line[] }>()
  for (const document of documents) {
    for (const [name, lines] of programsOf(document)) {
      const path = `${nameOf(document)}/${name}`
      sources.set(path, { document, lines })
      await mkdir(dirname(join(folder, path)), { recursive: true })
      // A file without imports or exports would share its names with all others.
      await writeFile(join(folder, path), `${lines.map(({ text }) => text).join('\n')}\nexport {}\n`)
    }
  }

  return {
    folderOf: (document) => join(folder, nameOf(document)),

    async compile() {
      const compilerOptions = {
        lib: ['es2024', 'dom', 'dom.iterable'],
        types: ['node'],
        jsx: 'react-jsx',
        noUnusedLocals: false,
        noUnusedParameters: false,
      }
      const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['.'] }
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
      const said = await output(join(root, 'node_modules/.bin/tsc'), ['--pretty', 'false'], folder)
      return said.split('\n').flatMap((line) => {
        if (line.startsWith('error ')) return line
        const [, path = '', number, message] = /^([^(]+)\((\d+),\d+\): (.*)$/.exec(line) ?? []
        const source = sources.get(path)
        // Faults in the sources of the packages are for other checks.
        if (!source) return []
        return `${source.document.path}:${source.lines[Number(number) - 1]?.number}: ${message}`
      })
    },

    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** What a program prints, however it ends. */
async function output(command: string, args: string[], cwd: string): Promise<string> {
  const options = { cwd, maxBuffer: 16 * 1024 * 1024 }
  try {
    return (await promisify(execFile)(command, args, options)).stdout
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (!stdout) throw error
    return stdout
  }
}
