import type { Client, OpenRoom } from '@interplay/client'
import type { Person } from '@interplay/example-kit'
import { useEffect, useState } from 'react'
import type * as Y from 'yjs'

export interface Glance {
  readonly people: readonly Person[]
  /** Changes with the document. */
  readonly version: number
  /** `null` until the server's state is here. */
  readonly doc: Y.Doc | null
}

/** Looks into a room without showing up in it. Needs no definition: it reads plain Yjs. */
export function useGlance(client: Client, name: string): Glance {
  const [glance, setGlance] = useState<Glance>({ people: [], version: 0, doc: null })
  useEffect(() => {
    const room = client.openRoom(name)
    let timer: ReturnType<typeof setTimeout> | undefined
    const read = () => {
      timer = undefined
      setGlance(({ version }) => ({ people: peopleOf(room), version: version + 1, doc: room.doc }))
    }
    // A few times a second is live enough for a picture.
    const changed = () => {
      timer ??= setTimeout(read, 150)
    }
    room.ready.then(changed, () => {})
    room.doc.on('update', changed)
    const stop = room.others.subscribe(changed)
    return () => {
      stop()
      room.doc.off('update', changed)
      clearTimeout(timer)
      room.leave()
    }
  }, [client, name])
  return glance
}

/** The editor shows `{ user: { name, color } }`, the whiteboard `{ name, color }`. */
function peopleOf(room: OpenRoom): Person[] {
  return room.others.get().flatMap(({ sessionId, presence }) => {
    const { name, color } = (presence.user ?? presence) as { name?: unknown; color?: unknown }
    const known = typeof name === 'string' && typeof color === 'string' && /^#[0-9a-f]{6}$/.test(color)
    return known ? [{ id: sessionId, name: name.slice(0, 40), color }] : []
  })
}
