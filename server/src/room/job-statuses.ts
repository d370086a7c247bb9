import { InterplayError } from '@interplay/shared'
import type { JobStatus } from '@interplay/shared/protocol'

/** Clients hear of the progress of a job once in this time; they get the latest. */
const progressMs = 100

/** Jobs that failed for good and are remembered. The log knows them all. */
const maxFailed = 100

/** What clients know of the jobs of a room: of those that run, and of those that failed since the room was opened. */
export class JobStatuses {
  readonly #tell: (status: JobStatus) => void
  readonly #current = new Map<string, JobStatus>()
  readonly #quiet = new Map<string, { readonly timer: NodeJS.Timeout; isNews: boolean }>()

  constructor(tell: (status: JobStatus) => void) {
    this.#tell = tell
  }

  get current(): IterableIterator<JobStatus> {
    return this.#current.values()
  }

  get(id: string): JobStatus | undefined {
    return this.#current.get(id)
  }

  set(status: JobStatus): void {
    this.#endQuiet(status.id)
    this.#current.delete(status.id)
    if (status.at !== 'done' && status.at !== 'cancelled') this.#current.set(status.id, status)
    if (status.at === 'failed') this.#forget()
    this.#tell(status)
  }

  /** Throws `invalid-input` on what JSON cannot hold. */
  progress(id: string, progress: unknown): void {
    const status = this.#current.get(id)
    if (status?.at !== 'running') return
    const said = { ...status, progress: copied(progress) }
    this.#current.set(id, said)
    const quiet = this.#quiet.get(id)
    if (quiet) {
      quiet.isNews = true
      return
    }
    this.#say(id, said)
  }

  close(): void {
    for (const id of this.#quiet.keys()) this.#endQuiet(id)
    this.#current.clear()
  }

  /** Forgets the oldest beyond so many that failed. */
  #forget(): void {
    const failed = [...this.#current.values()].filter(({ at }) => at === 'failed')
    for (const { id } of failed.slice(0, -maxFailed)) this.#current.delete(id)
  }

  #say(id: string, status: JobStatus): void {
    const timer = setTimeout(() => {
      const { isNews } = this.#quiet.get(id)!
      this.#quiet.delete(id)
      if (isNews) this.#say(id, this.#current.get(id)!)
    }, progressMs)
    timer.unref()
    this.#quiet.set(id, { timer, isNews: false })
    this.#tell(status)
  }

  #endQuiet(id: string): void {
    const quiet = this.#quiet.get(id)
    if (!quiet) return
    clearTimeout(quiet.timer)
    this.#quiet.delete(id)
  }
}

function copied(progress: unknown): unknown {
  try {
    const text = JSON.stringify(progress)
    return text === undefined ? undefined : JSON.parse(text)
  } catch (cause) {
    throw new InterplayError('invalid-input', 'JSON cannot hold this progress.', { cause })
  }
}
