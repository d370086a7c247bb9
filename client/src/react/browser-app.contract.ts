import { createElement as h, type ReactNode, StrictMode, useEffect, useState } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { board } from '../board.contract.ts'
import { createClient } from '../client.ts'
import type { RoomStatus } from '../status.ts'
import { ClientProvider } from './client-provider.ts'
import { roomHooks } from './room-hooks.ts'

/** What the test reads and drives, from outside the page. */
export interface BrowserApp {
  start(url: string, options?: { fallback?: boolean }): void
  show(boardId: string | null): void
  act(action: Action): void
  /** How often each component rendered. */
  readonly renders: Record<string, number>
  /** How often each component mounted anew. */
  readonly mounts: Record<string, number>
  readonly statuses: RoomStatus['at'][]
  readonly answers: unknown[]
}

export type Action = 'edit' | 'undo' | 'redo' | 'dispatch' | 'other note' | 'move cursor' | 'refused edit'

const { RoomProvider, ...hooks } = roomHooks(board)
const renders: Record<string, number> = {}
const mounts: Record<string, number> = {}
const statuses: RoomStatus['at'][] = []
const answers: unknown[] = []
let perform: (action: Action) => void = () => {}
let setBoard: (boardId: string | null) => void = () => {}
let root: Root | null = null

function useCounted(name: string) {
  renders[name] = (renders[name] ?? 0) + 1
  useEffect(() => {
    mounts[name] = (mounts[name] ?? 0) + 1
  }, [name])
}

function Title() {
  useCounted('title')
  return h(
    'h1',
    null,
    hooks.useShared((state) => state.title),
  )
}

function Notes() {
  useCounted('notes')
  // A new array of new objects each time: only its value may count.
  const texts = hooks.useShared((state) => [...state.notes.values()].map(({ text }) => ({ text })))
  return h('ul', null, JSON.stringify(texts))
}

function Note() {
  const [id, setId] = useState('a')
  const note = hooks.useShared((state) => state.notes.get(id))
  useEffect(() => {
    const switchNote = () => setId((current) => (current === 'a' ? 'b' : 'a'))
    addEventListener('other note', switchNote)
    return () => removeEventListener('other note', switchNote)
  }, [])
  return h('p', null, `${id}: ${note?.text ?? 'none'}`)
}

function Others() {
  useCounted('others')
  const names = hooks.useOthers((others) => others.map(({ presence }) => presence.name).join())
  return h('aside', null, names)
}

/** Hears with a new function on every render: the latest one counts. */
function Party() {
  useCounted('party')
  const [heard, setHeard] = useState<string[]>([])
  hooks.useSignal('confetti', ({ x }) => setHeard([...heard, `${heard.length}: ${x}`]))
  return h('s', null, heard.join())
}

function Jobs() {
  useCounted('jobs')
  return h(
    'u',
    null,
    hooks
      .useJobs()
      .map(({ name, at }) => `${name} ${at}`)
      .join(),
  )
}

function Tools() {
  useCounted('tools')
  const room = hooks.useRoom()
  const dispatch = hooks.useDispatch()
  const { canUndo, canRedo, undo, redo } = hooks.useHistory()
  const [me, setMe] = hooks.usePresence()
  const status = hooks.useStatus()
  useEffect(() => {
    statuses.push(status.at)
  }, [status])
  useEffect(() => {
    perform = (action) => {
      if (action === 'edit') room.state.title.insert(0, 'edited ')
      if (action === 'refused edit') room.state.title.insert(0, 'forbidden ')
      if (action === 'undo') undo()
      if (action === 'redo') redo()
      if (action === 'other note') dispatchEvent(new Event('other note'))
      if (action === 'move cursor')
        setMe((current) => current && { ...current, cursor: (current.cursor ?? 0) + 1 })
      if (action === 'dispatch')
        void dispatch('note.add', { text: 'hi' }).then((answer) => answers.push(answer))
    }
  }, [room, dispatch, undo, redo, setMe])
  return h(
    'output',
    null,
    JSON.stringify({ canUndo, canRedo, me, status: status.at, doc: room.doc.clientID }),
  )
}

function App(props: { fallback: ReactNode }) {
  const [boardId, set] = useState<string | null>('q3')
  setBoard = set
  if (boardId === null) return h('i', null, 'gone')
  return h(
    RoomProvider,
    {
      params: { boardId },
      presence: { name: 'Ada' },
      fallback: props.fallback,
      refused: (error) => h('b', null, error.code),
    },
    h(Title),
    h(Notes),
    h(Note),
    h(Others),
    h(Party),
    h(Jobs),
    h(Tools),
  )
}

const app: BrowserApp = {
  start(url, { fallback } = {}) {
    root = createRoot(document.body.appendChild(document.createElement('main')))
    root.render(
      h(
        StrictMode,
        null,
        h(ClientProvider, { client: createClient({ url }) }, h(App, { fallback: fallback && 'Loading…' })),
      ),
    )
  },
  show: (boardId) => setBoard(boardId),
  act: (action) => perform(action),
  renders,
  mounts,
  statuses,
  answers,
}

Object.assign(globalThis, { app })
