import type { BoardElement } from '../element.ts'

type Elements = Readonly<Record<string, BoardElement>>

const kinds: Record<string, string> = {
  rectangle: 'Rectangle',
  ellipse: 'Ellipse',
  diamond: 'Diamond',
  image: 'Image',
  frame: 'Frame',
  text: 'Text',
}

/** What one can vote for: shapes and texts of their own, not lines, nor the text inside a shape. */
export function isVotable(element: { type: string; containerId?: unknown }): boolean {
  return element.type in kinds && !(element.type === 'text' && element.containerId)
}

/** What people would call it: its text, or the text in it, or what it is. */
export function labelOf(id: string, elements: Elements): string {
  const element = elements[id]
  if (!element) return 'Something that was deleted'
  const own = element.type === 'text' ? element.text : frameName(element)
  const inner = element.boundElements?.map((bound) => elements[bound.id])
  const text = own ?? inner?.find((bound) => bound?.type === 'text')?.text
  const line = String(text ?? '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > 60 ? `${line.slice(0, 59)}…` : line || (kinds[element.type] ?? 'Drawing')
}

function frameName(element: BoardElement): string | null {
  return element.type === 'frame' && typeof element.name === 'string' ? element.name : null
}
