/** What a label is made of, in the scene as in the state. */
interface Labelled {
  readonly type: string
  readonly text?: unknown
  readonly name?: unknown
  readonly containerId?: unknown
  readonly boundElements: readonly { readonly id: string }[] | null
}

const kinds: Record<string, string> = {
  rectangle: 'Rectangle',
  ellipse: 'Ellipse',
  diamond: 'Diamond',
  image: 'Image',
  frame: 'Frame',
  text: 'Text',
}

/** What one can vote for: shapes and texts of their own, not lines, nor the text inside a shape. */
export function isVotable(element: Pick<Labelled, 'type' | 'containerId'>): boolean {
  return element.type in kinds && !(element.type === 'text' && element.containerId)
}

/** What people would call it: its text, or the text in it, or what it is. */
export function labelOf(id: string, elementOf: (id: string) => Labelled | undefined): string {
  const element = elementOf(id)
  if (!element) return 'Something that was deleted'
  const inner = element.boundElements?.map((bound) => elementOf(bound.id)?.text) ?? []
  const text = [element.text, element.name, ...inner].find((candidate) => typeof candidate === 'string')
  const line = String(text ?? '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > 60 ? `${line.slice(0, 59)}…` : line || (kinds[element.type] ?? 'Drawing')
}
