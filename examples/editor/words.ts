import * as Y from 'yjs'

/** A word of letters and digits, or one sign of a script that is written without spaces between words. */
const word =
  /[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}]|[[\p{L}\p{M}\p{N}]--[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}]]+(?:['’.\-][\p{L}\p{M}\p{N}]+)*/gv

/** Words of a rich text. The server counts with the same code as the page, so that both say the same. */
export function countWords(content: Y.XmlFragment): number {
  return blocksOf(content).reduce((words, block) => words + (block.match(word)?.length ?? 0), 0)
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
