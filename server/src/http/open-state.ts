import * as Y from 'yjs'

type AnyType = Y.Doc['share'] extends Map<string, infer Type> ? Type : never

/**
 * The state of a room without a definition as JSON. A document does not record what its root types are: each is shown
 * as what its content makes it look like.
 */
export function openState(document: Y.Doc): Record<string, unknown> {
  // A copy, since giving a root its type is a lasting decision.
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(document))
  const state = Object.fromEntries([...copy.share].map(([name, type]) => [name, asJson(copy, name, type)]))
  copy.destroy()
  return state
}

function asJson(document: Y.Doc, name: string, type: AnyType): unknown {
  if (type._map.size > 0) return document.getMap(name).toJSON()
  let item = type._start
  while (item?.deleted && item.right) item = item.right
  const content = item?.content
  if (
    content instanceof Y.ContentString ||
    content instanceof Y.ContentFormat ||
    content instanceof Y.ContentEmbed
  ) {
    return document.getText(name).toString()
  }
  if (
    content instanceof Y.ContentType &&
    (content.type instanceof Y.XmlElement || content.type instanceof Y.XmlText)
  ) {
    return document.getXmlFragment(name).toString()
  }
  return item ? document.getArray(name).toJSON() : null
}
