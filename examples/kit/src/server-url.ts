/** The Interplay server: the one this page came from; with Vite's own server, the showcase beside it. */
export function serverUrl(): string {
  const page = import.meta.hot ? 'http://localhost:8787/' : location.href
  return new URL('/', page).href.replace(/^http/, 'ws')
}
