import * as Y from 'yjs'

const maxLines = 7

/** The top of a document, as it is now. */
export function DocumentPicture({ doc }: { doc: Y.Doc | null }) {
  const title = doc?.getText('title').toString().trim()
  const lines = doc ? linesOf(doc.getXmlFragment('content')) : []
  return (
    <div className="paper">
      <b>{title || 'Untitled'}</b>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity
        <span key={index}>{line}</span>
      ))}
      {lines.length === 0 && (
        <>
          <i style={{ width: '92%' }} />
          <i style={{ width: '78%' }} />
          <i style={{ width: '86%' }} />
          <i style={{ width: '40%' }} />
        </>
      )}
    </div>
  )
}

function linesOf(content: Y.XmlFragment): string[] {
  const lines: string[] = []
  for (const node of content.createTreeWalker((node) => node instanceof Y.XmlText)) {
    const text = (node as Y.XmlText)
      .toDelta()
      .map(({ insert }: { insert: unknown }) => (typeof insert === 'string' ? insert : ''))
      .join('')
      .trim()
    if (text) lines.push(text.slice(0, 120))
    if (lines.length === maxLines) break
  }
  return lines
}
