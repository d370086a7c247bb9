/** Which pages may speak to the server from a browser. */
export interface Origins {
  /** Whether a request may come in: one of no page, of a page of this very host, or of an origin that is allowed. */
  readonly admits: (request: Request) => boolean
  /** The value of `Access-Control-Allow-Origin` for an origin; `null` where there is none. */
  readonly allowed: (origin: string) => string | null
}

/** Reads the option `cors`. Throws a `TypeError` for an entry that no browser would ever send. */
export function createOrigins(entries: readonly string[]): Origins {
  for (const entry of entries) {
    if (entry === '*') continue
    const origin = URL.canParse(entry) ? new URL(entry).origin : null
    if (origin !== entry || entry.includes('*')) {
      const hint = origin === null || origin === 'null' || origin === entry ? 'https://app.example' : origin
      throw new TypeError(`cors: '${entry}' is not an origin. Write it like '${hint}'.`)
    }
  }
  const all = entries.includes('*')
  const origins = new Set(entries)
  return {
    admits(request) {
      const origin = request.headers.get('origin')
      return origin === null || all || origins.has(origin) || isOwn(origin, request)
    },
    allowed: (origin) => (all ? '*' : origins.has(origin) ? origin : null),
  }
}

/** Behind a proxy that ends TLS the scheme is another one, so it is the host that counts. */
function isOwn(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host
}
