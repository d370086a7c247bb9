/** One segment of a room pattern: fixed text, or a parameter. */
export type Segment = { readonly fixed: string } | { readonly param: string }

/** Names of the parameters of a pattern: `'boardId'` for `'board/:boardId'`. */
export type ParamName<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? ParamName<Head> | ParamName<Tail>
  : Pattern extends `:${infer Name}`
    ? Name
    : never

/** The segments of the pattern of a definition, `board/:boardId`. */
export function segmentsOf(pattern: string): readonly Segment[] {
  return pattern
    .split('/')
    .map((segment) => (segment.startsWith(':') ? { param: segment.slice(1) } : { fixed: segment }))
}

/** Throws a `TypeError` that says what is wrong with a pattern. */
export function checkPattern(pattern: string): void {
  const params = new Set<string>()
  for (const segment of pattern.split('/')) {
    if (!segment.startsWith(':')) {
      if (/^[\w~-][\w.~-]*$/.test(segment)) continue
      throw new TypeError(
        `Room pattern "${pattern}": ${segment ? `"${segment}" may hold only letters, digits, and _ - . ~` : 'no segment may be empty'}. Write it like "board/:boardId".`,
      )
    }
    const param = segment.slice(1)
    if (!/^[a-zA-Z]\w*$/.test(param) || param in Object.prototype) {
      throw new TypeError(`Room pattern "${pattern}": "${segment}" is no parameter. Name it like ":boardId".`)
    }
    if (params.has(param)) throw new TypeError(`Room pattern "${pattern}": ":${param}" is there twice.`)
    params.add(param)
  }
}
