import { Listeners } from './listeners.ts'

/** Callbacks of the application by the name of a signal. One that nobody listens to is dropped. */
export class SignalListeners {
  readonly #all = new Map<string, Listeners<[unknown]>>()

  add(name: string, listener: (payload: unknown) => void): () => void {
    let listeners = this.#all.get(name)
    if (!listeners) {
      listeners = new Listeners()
      this.#all.set(name, listeners)
    }
    return listeners.add(listener)
  }

  receive(name: string, payload: unknown): void {
    this.#all.get(name)?.notify(payload)
  }
}
