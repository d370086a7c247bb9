/** Callbacks of the application. One that throws costs nobody else anything: its error goes to the console. */
export class Listeners<A extends unknown[] = []> {
  readonly #all = new Set<{ call: (...args: A) => void }>()

  add(listener: (...args: A) => void): () => void {
    const entry = { call: listener }
    this.#all.add(entry)
    return () => {
      this.#all.delete(entry)
    }
  }

  notify(...args: A): void {
    for (const entry of [...this.#all]) guarded(() => entry.call(...args))
  }
}

/** Runs code of the application where a throw must not reach the connection. */
export function guarded(run: () => void): void {
  try {
    run()
  } catch (error) {
    console.error(error)
  }
}
