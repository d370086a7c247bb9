/** Names of the parameters of a topic pattern: `'id'` for `'sensors/+id/temperature'`, `'rest'` for `'logs/#rest'`. */
export type TopicParam<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? TopicParam<Head> | TopicParam<Tail>
  : Pattern extends `${'+' | '#'}${infer Name}`
    ? Name extends ''
      ? never
      : Name
    : never

/**
 * A pattern of MQTT topics. `+id` is one level with a name, `#rest` at the end all that follow; `+` and `#` match the
 * same without one. `$share/<group>/` before it makes it a shared subscription (MQTT 5, section 4.8.2).
 */
export class TopicPattern {
  /** What the broker is asked for: `sensors/+/temperature`. */
  readonly filter: string
  readonly #levels: readonly string[]

  /** Throws a `TypeError` that says what is wrong with it. */
  constructor(pattern: string) {
    const refuse = (fault: string) => new TypeError(`MQTT topic '${pattern}': ${fault}`)
    const shared = /^\$share\/[^/+#]+\//.exec(pattern)?.[0] ?? ''
    const levels = pattern.slice(shared.length).split('/')
    if (pattern.startsWith('$share/') && shared === '')
      throw refuse('write it like $share/group/sensors/+id.')
    if (levels.join('/') === '' || pattern.includes('\0')) throw refuse('it matches nothing.')
    const names = new Set<string>()
    for (const [index, level] of levels.entries()) {
      const wildcard = /^[+#]/.test(level)
      if (/[+#]/.test(wildcard ? level.slice(1) : level))
        throw refuse(`'${level}' must be all wildcard, like +id, or none.`)
      if (level.startsWith('#') && index < levels.length - 1)
        throw refuse(`'${level}' must be the last level.`)
      if (!wildcard || level.length === 1) continue
      const name = level.slice(1)
      if (!/^[a-zA-Z]\w*$/.test(name) || name in Object.prototype)
        throw refuse(`'${name}' is no usable name.`)
      if (names.has(name)) throw refuse(`'${name}' is there twice.`)
      names.add(name)
    }
    this.#levels = levels
    this.filter = shared + levels.map((level) => (/^[+#]/.test(level) ? level[0] : level)).join('/')
  }

  /** The parameters of a topic, or `null` if it is none of these. */
  match(topic: string): Record<string, string> | null {
    const given = topic.split('/')
    const params: Record<string, string> = {}
    for (const [index, level] of this.#levels.entries()) {
      const name = level.slice(1)
      if (level.startsWith('#')) {
        if (name !== '') params[name] = given.slice(index).join('/')
        return params
      }
      const actual = given[index]
      if (actual === undefined) return null
      if (level.startsWith('+')) {
        if (name !== '') params[name] = actual
      } else if (actual !== level) return null
    }
    return given.length === this.#levels.length ? params : null
  }
}
