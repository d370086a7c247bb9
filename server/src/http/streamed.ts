import type { Actor } from '../events/context.ts'
import type { Room } from '../room/room.ts'

/** A response whose body goes on after it was returned. */
export interface Streamed {
  readonly response: Response
  /** Resolves when its body is over. Never rejects. */
  readonly ended: Promise<void>
}

/** Lets somebody into a room, and keeps the room open while `use` runs. */
export type Enter = <T>(use: (room: Room, actor: Actor) => Promise<T>) => Promise<T>

/** The response of a stream, as soon as it is there; its room stays open until the stream has ended. */
export function streamed(enter: Enter, begin: (room: Room, actor: Actor) => Streamed): Promise<Response> {
  return new Promise((resolve, reject) => {
    enter(async (room, actor) => {
      const { response, ended } = begin(room, actor)
      resolve(response)
      await ended
    }).catch(reject)
  })
}
