/** Names that no two parts of a document share, of the characters that a component of OpenAPI may have. */
export class UniqueNames {
  readonly #taken = new Set<string>()

  /** The name that is wanted, or one like it. */
  take(wanted: string): string {
    const base = wanted.replace(/[^\w.-]/g, '_')
    let name = base
    for (let count = 2; this.#taken.has(name); count++) name = `${base}_${count}`
    this.#taken.add(name)
    return name
  }
}
