import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A Markdown file of the repository. */
export interface Document {
  /** From the root of the repository: `docs/spec.md`. */
  readonly path: string
  readonly text: string
}

/** A fenced block. One inside an HTML comment is not shown, and compiled all the same. */
export interface CodeBlock {
  readonly language: string
  /** What follows the language on the line of the fence. */
  readonly info: string
  /** Number of its first line in the document. */
  readonly line: number
  readonly code: string
}

/** README, contributing guide, changelog and everything in `docs`. */
export function readDocuments(): Document[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...inDocs.sort()].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }))
}

export function codeBlocks({ text }: Document): CodeBlock[] {
  const blocks: CodeBlock[] = []
  for (const match of text.matchAll(/^```([\w-]*)[ \t]*(.*)\n([\s\S]*?)^```$/gm)) {
    const [, language = '', info = '', code = ''] = match
    blocks.push({ language, info, line: text.slice(0, match.index).split('\n').length + 1, code })
  }
  return blocks
}

/** The document without its fenced blocks. */
export function prose({ text }: Document): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

/** Targets of links and images: `../spec.md#frames`. */
export function links(document: Document): string[] {
  return [...prose(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
}

/** What stands in backticks. */
export function codeSpans(document: Document): string[] {
  return [...prose(document).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!)
}

/** The anchors of its headings, as GitHub makes them. */
export function anchors(document: Document): Set<string> {
  const headings = [...prose(document).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Rows of the tables in a text, cell by cell, without their headers and rules. */
export function tableRows(text: string): string[][] {
  return [...text.matchAll(/^\|(.+)\|$/gm)]
    .map(([, row]) => row!.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter((cells) => !cells.every((cell) => /^:?-+:?$/.test(cell)))
}
