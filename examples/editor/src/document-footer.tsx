import { InterplayError } from '@interplay/client'
import { useIdentity, useToast } from '@interplay/example-kit'
import { useEffect, useId, useState } from 'react'
import { flushSync } from 'react-dom'
import type * as Y from 'yjs'
import { countWords } from '../words.ts'
import { useDispatch, useShared } from './room.ts'
import { useAgo } from './time.ts'

/** How long the document is and who has read it. */
export function DocumentFooter({ content }: { content: Y.XmlFragment }) {
  const words = useWords(content)
  return (
    <footer className="footer">
      <span className="words">{words === 1 ? '1 word' : `${words.toLocaleString()} words`}</span>
      <Reviews />
      <ReviewButton />
    </footer>
  )
}

function Reviews() {
  const reviews = useShared((state) => state.reviews)
  const ago = useAgo()
  const panel = useId()
  const last = reviews.at(-1)
  if (!last) return <span className="reviews faint">Not reviewed yet</span>
  return (
    <>
      <button type="button" className="reviews reviews-button" popoverTarget={panel}>
        <span>
          Reviewed by {last.by} {ago(last.at)}
        </span>
      </button>
      <div id={panel} popover="auto" className="popover reviews-panel" role="dialog" aria-label="Reviews">
        <h2>Reviews</h2>
        <ol>
          {reviews.toReversed().map(({ by, at, words }) => (
            <li key={`${at} ${by}`}>
              <b>{by}</b>
              <span className="faint">
                {words.toLocaleString()} {words === 1 ? 'word' : 'words'} · {ago(at)}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </>
  )
}

function ReviewButton() {
  const dispatch = useDispatch()
  const toast = useToast()
  const [me] = useIdentity()
  const [waiting, setWaiting] = useState(false)

  const review = async () => {
    setWaiting(true)
    try {
      // Runs once, however often the connection breaks in between; offline it waits.
      const { words } = await dispatch('review.add', { by: me.name })
      toast(`Reviewed: ${words.toLocaleString()} ${words === 1 ? 'word' : 'words'}.`)
    } catch (error) {
      toast({ message: error instanceof InterplayError ? error.message : String(error), tone: 'warning' })
    } finally {
      setWaiting(false)
    }
  }
  return (
    <button
      type="button"
      className="button review"
      onClick={review}
      aria-disabled={waiting}
      disabled={waiting}
    >
      {waiting ? 'Waiting for the server…' : 'Mark as reviewed'}
    </button>
  )
}

/** Counts when typing pauses: a long document takes a moment. */
function useWords(content: Y.XmlFragment): number {
  const [words, setWords] = useState(() => countWords(content))
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const count = () => {
      timer = undefined
      // At once: letters that keep coming would put off an ordinary update for as long as they come.
      flushSync(() => setWords(countWords(content)))
    }
    const changed = () => {
      timer ??= setTimeout(count, 250)
    }
    content.observeDeep(changed)
    return () => {
      content.unobserveDeep(changed)
      clearTimeout(timer)
    }
  }, [content])
  return words
}
