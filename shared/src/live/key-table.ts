/**
 * Keys by number, so that each costs its text once. The writer's table and a reader's are the same as long as the reader
 * has taken every message since a full one.
 */
export class KeyTable {
  readonly #numbers = new Map<string, number>()
  #keys: string[] = []

  get size(): number {
    return this.#keys.length
  }

  /** The number of a key, which enters the table if it is new. */
  number(key: string): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#keys.length)
    return this.#keys.push(key) - 1
  }

  /** The keys from this number on. */
  from(start: number): readonly string[] {
    return this.#keys.slice(start)
  }
}
