import type { JobStatus } from '@interplay/shared/protocol'
import type { Jobs } from './jobs.ts'
import { Listeners } from './listeners.ts'

/** What the server tells of the jobs of one room. */
export class JobList implements Jobs {
  readonly told = new Listeners<[JobStatus]>()
  readonly #changed = new Listeners()
  readonly #jobs = new Map<string, JobStatus>()
  /** Ids of jobs that were told of in an earlier session only. */
  #untold = new Set<string>()
  #snapshot: readonly JobStatus[] = []

  get(): readonly JobStatus[] {
    return this.#snapshot
  }

  subscribe(listener: () => void): () => void {
    return this.#changed.add(listener)
  }

  receive(job: JobStatus): void {
    this.#untold.delete(job.id)
    const isOver = job.at === 'done' || job.at === 'cancelled'
    if (isOver ? this.#jobs.delete(job.id) : this.#jobs.set(job.id, job)) this.#update()
    this.told.notify(job)
  }

  /** A session begins: its server tells of all jobs anew, before the session is live. */
  begin(): void {
    this.#untold = new Set(this.#jobs.keys())
  }

  /** The session is live: jobs that it was not told of have ended meanwhile. */
  settle(): void {
    if (this.#untold.size === 0) return
    for (const id of this.#untold) this.#jobs.delete(id)
    this.#untold.clear()
    this.#update()
  }

  /** Nothing is told of any more. */
  close(): void {
    this.begin()
    this.settle()
  }

  #update(): void {
    this.#snapshot = [...this.#jobs.values()]
    this.#changed.notify()
  }
}
