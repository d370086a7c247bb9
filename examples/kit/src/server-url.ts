/** The Interplay server: the one this page came from; with Vite's own server, the showcase beside it. */
export function serverUrl(): string {
  const url = import.meta.env.DEV ? 'ws://localhost:8787/' : new URL('/', location.href).href
  return url.replace(/^http/, 'ws')
}
