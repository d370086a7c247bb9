import { InterplayError } from '@interplay/shared'
import { newEventId } from '@interplay/shared/protocol'

export type Token = string | (() => string | Promise<string>)

/** The application's token, asked for once per connection however many rooms join on it. */
export class TokenSource {
  readonly #token: Token
  #current: Promise<string> | null = null

  /** Without a token the client is nobody, but the same nobody for as long as it lives. */
  constructor(token: Token = `anonymous:${newEventId()}`) {
    this.#token = token
  }

  /** Whether asking again may give another one. */
  get canRenew(): boolean {
    return typeof this.#token === 'function'
  }

  /** Rejects with an `InterplayError`: the application's own one, or `unavailable`. */
  get(): Promise<string> {
    if (!this.#current) {
      const asked = this.#ask()
      this.#current = asked
      asked.catch(() => this.#drop(asked))
    }
    return this.#current
  }

  /** Another token than this one, which the server did not take. Rooms that were refused together share it. */
  renew(refused: string | null): Promise<string> {
    const current = this.#current
    if (!current) return this.get()
    return current.then(
      (token) => {
        if (token === refused) this.#drop(current)
        return this.get()
      },
      () => this.get(),
    )
  }

  /** The connection is gone: the next one asks again, tokens expire. */
  forget(): void {
    this.#current = null
  }

  #drop(token: Promise<string>): void {
    if (this.#current === token) this.#current = null
  }

  async #ask(): Promise<string> {
    try {
      return typeof this.#token === 'function' ? await this.#token() : this.#token
    } catch (cause) {
      if (cause instanceof InterplayError) throw cause
      throw new InterplayError('unavailable', 'The token could not be had', { cause })
    }
  }
}
