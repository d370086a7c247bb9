/** What a browser tells about its page and network. Outside a browser nothing ever happens. */
export interface PageListener {
  /** The network came back, or the page became visible. */
  awake(): void
  /** The network is gone, says the browser. */
  asleep(): void
  /** The page goes away; it may come back from the back-forward cache. */
  hide(): void
  /** The page came back from the back-forward cache. */
  show(): void
}

/** Returns the stop. */
export function watchPage(listener: PageListener): () => void {
  if (typeof addEventListener !== 'function') return () => {}
  const stop = new AbortController()
  const options = { signal: stop.signal }
  addEventListener('online', () => listener.awake(), options)
  addEventListener('offline', () => listener.asleep(), options)
  addEventListener('pagehide', () => listener.hide(), options)
  addEventListener('pageshow', (event) => event.persisted && listener.show(), options)
  if (typeof document !== 'undefined') {
    document.addEventListener(
      'visibilitychange',
      () => document.visibilityState === 'visible' && listener.awake(),
      options,
    )
  }
  return () => stop.abort()
}
