import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useRoom } from './room.ts'
import { follow, rebase } from './text-edit.ts'

const maxTitle = 200

/** The shared title. What others type in it leaves one's own caret where it is. */
export function TitleField({ readOnly, onEnter }: { readOnly: boolean; onEnter: () => void }) {
  const { state, history } = useRoom()
  const field = useRef<HTMLTextAreaElement>(null)
  const [title, setTitle] = useState(state.title.toString())
  /** The title as it was when an input method began to compose; what others type meanwhile waits. */
  const composing = useRef<string | null>(null)
  const caret = useRef<[start: number, end: number] | null>(null)

  useEffect(() => {
    const read = () => {
      if (composing.current !== null) return
      const next = state.title.toString()
      setTitle((before) => {
        const { activeElement } = document
        if (
          before !== next &&
          activeElement instanceof HTMLTextAreaElement &&
          activeElement === field.current
        ) {
          const { value, selectionStart, selectionEnd } = activeElement
          if (value !== next)
            caret.current = [follow(selectionStart, value, next), follow(selectionEnd, value, next)]
        }
        return next
      })
    }
    read()
    return state.title.subscribe(read)
  }, [state])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the caret goes back after each new title
  useLayoutEffect(() => {
    if (caret.current) field.current?.setSelectionRange(...caret.current)
    caret.current = null
  }, [title])

  useEffect(() => {
    document.title = title.trim() || 'Untitled'
  }, [title])

  const write = (next: string) => {
    const line = next.replace(/\s*\n\s*/g, ' ').slice(0, maxTitle)
    setTitle(line)
    if (composing.current === null) state.title.replace(line)
  }

  const press = (event: KeyboardEvent) => {
    const command = event.metaKey || event.ctrlKey
    const key = event.key.toLowerCase()
    if (key === 'enter' && !event.nativeEvent.isComposing) onEnter()
    else if (command && key === 'z' && !event.shiftKey) history.undo()
    else if (command && (key === 'y' || (key === 'z' && event.shiftKey))) history.redo()
    else return
    event.preventDefault()
  }

  return (
    <div className="title" data-title={title}>
      <textarea
        ref={field}
        rows={1}
        value={title}
        maxLength={maxTitle}
        placeholder="Untitled"
        aria-label="Title"
        readOnly={readOnly}
        onChange={(event) => write(event.target.value)}
        onKeyDown={press}
        onCompositionStart={() => {
          composing.current = state.title.toString()
        }}
        onCompositionEnd={(event) => {
          const base = composing.current ?? ''
          composing.current = null
          write(rebase(base, event.currentTarget.value, state.title.toString()))
        }}
      />
    </div>
  )
}
