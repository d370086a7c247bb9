import * as Y from 'yjs'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' })

/** Words of a rich text, in any language. The server counts with the same code as the page. */
export function countWords(content: Y.XmlFragment): number {
  let words = 0
  for (const block of blocksOf(content)) {
    for (const segment of segmenter.segment(block)) if (segment.isWordLike) words++
  }
  return words
}

/** The text of each block: a word never goes on in the next one. */
function blocksOf(node: Y.XmlFragment | Y.XmlElement): string[] {
  let inline = ''
  const blocks: string[] = []
  for (const child of node.toArray()) {
    if (child instanceof Y.XmlText) inline += textOf(child)
    else if (child instanceof Y.XmlElement && child.nodeName === 'hardBreak') inline += '\n'
    else if (child instanceof Y.XmlElement) blocks.push(...blocksOf(child))
  }
  return inline ? [inline, ...blocks] : blocks
}

function textOf(text: Y.XmlText): string {
  return (text.toDelta() as { insert: unknown }[])
    .map(({ insert }) => (typeof insert === 'string' ? insert : ' '))
    .join('')
}
