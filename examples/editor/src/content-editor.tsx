import { EditorContent, useEditor } from '@tiptap/react'
import { type MouseEvent, type RefObject, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import type * as Y from 'yjs'
import { DocumentFooter } from './document-footer.tsx'
import { extensionsFor } from './extensions.ts'
import { useRefusal, useRoom, useWritable } from './room.ts'
import { TitleField } from './title-field.tsx'
import { Toolbar } from './toolbar.tsx'

export interface ContentEditorProps {
  readonly doc: Y.Doc
  /** Where the caret was when the editor of the document before this one went away; `null` without the focus. */
  readonly caret: RefObject<number | null>
}

/** Title and content, for as long as the room has this document object. */
export function ContentEditor({ doc, caret }: ContentEditorProps) {
  const room = useRoom()
  const refusal = useRefusal()
  const writable = useWritable()
  const sheet = useRef<HTMLDivElement>(null)
  const extensions = useMemo(() => extensionsFor(doc.getXmlFragment('content'), room.awareness), [doc, room])
  const editor = useEditor({
    extensions,
    // The styles are in editor.css.
    injectCSS: false,
    editorProps: {
      attributes: { class: 'content', 'aria-label': 'Content', 'aria-multiline': 'true', role: 'textbox' },
    },
  })

  useEffect(() => editor.setEditable(writable, false), [editor, writable])

  useLayoutEffect(() => {
    if (caret.current !== null) editor.commands.focus(caret.current)
    return () => {
      caret.current = editor.isFocused ? editor.state.selection.head : null
    }
  }, [editor, caret])

  // A click below the last line goes on writing there.
  const continueBelow = (event: MouseEvent) => {
    const isBelow = event.target === event.currentTarget || event.target === sheet.current
    if (!isBelow || !writable) return
    event.preventDefault()
    const last = editor.state.doc.lastChild
    const chain = editor.chain()
    if (last?.type.name !== 'paragraph')
      chain.insertContentAt(editor.state.doc.content.size, { type: 'paragraph' })
    chain.focus('end').run()
  }

  return (
    <>
      <Toolbar editor={editor} />
      <main className="page" onMouseDown={continueBelow}>
        <div className="sheet" ref={sheet}>
          {refusal && (
            <p className="banner" role="alert">
              The server closed this document to you. {refusal.message} What you see can still be copied.
            </p>
          )}
          <TitleField readOnly={!writable} onEnter={() => editor.commands.focus('start')} />
          <EditorContent editor={editor} />
        </div>
      </main>
      <DocumentFooter content={doc.getXmlFragment('content')} />
    </>
  )
}
