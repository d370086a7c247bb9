import { readFile, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

const security = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "connect-src 'self' ws: wss:",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
}

/** Serves folders of built files: `serveFiles({ '/': 'dist', '/editor/': '../editor/dist' })`. */
export function serveFiles(folders: Record<string, string>): (request: Request) => Promise<Response> {
  // The longest prefix first: `/` matches everything.
  const mounts = Object.entries(folders).sort(([a], [b]) => b.length - a.length)
  const compressed = new Map<string, Promise<Buffer>>()

  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return say(405, 'Only GET and HEAD', { allow: 'GET, HEAD' })
    }
    const { pathname, search } = new URL(request.url)
    if (`${pathname}/` in folders) {
      return new Response(null, { status: 308, headers: { location: `${pathname}/${search}` } })
    }
    const [prefix, folder] = mounts.find(([mount]) => pathname.startsWith(mount)) ?? []
    const file = prefix && folder && (await findFile(folder, pathname.slice(prefix.length)))
    if (!file) return say(404, 'There is nothing here. The examples are at /')

    const isText = /^text|json|svg/.test(file.type)
    const zipped = isText && /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
    const headers = {
      ...security,
      'content-type': file.type,
      'cache-control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: `W/"${file.version}"`,
      ...(isText && { vary: 'accept-encoding' }),
      ...(zipped && { 'content-encoding': 'gzip' }),
    }
    if (request.headers.get('if-none-match') === headers.etag)
      return new Response(null, { status: 304, headers })
    const body = zipped ? await zip(file.path, file.version) : await readFile(file.path)
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
      headers: { ...headers, 'content-length': String(body.length) },
    })
  }

  function zip(path: string, version: string): Promise<Buffer> {
    const key = `${path} ${version}`
    const known = compressed.get(key)
    if (known) return known
    const zipping = readFile(path).then((bytes) => compress(bytes))
    compressed.set(key, zipping)
    zipping.catch(() => compressed.delete(key))
    return zipping
  }
}

/** The file that a path names inside a folder, never one outside of it. */
async function findFile(folder: string, encoded: string) {
  const relative = decode(encoded)
  if (relative === null) return null
  const path = join(folder, relative === '' || relative.endsWith('/') ? `${relative}index.html` : relative)
  const type = types[extname(path)]
  if (!type || !path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return null
  const found = await stat(path).catch(() => null)
  if (!found?.isFile()) return null
  return {
    path,
    type,
    version: `${found.size.toString(36)}-${Math.round(found.mtimeMs).toString(36)}`,
    // Vite puts a hash into the names of everything in `assets`.
    isHashed: relative.startsWith('assets/'),
  }
}

function decode(path: string): string | null {
  try {
    const decoded = decodeURIComponent(path)
    return /[\0\\]/.test(decoded) ? null : decoded
  } catch {
    return null
  }
}

function say(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...security, ...headers, 'content-type': 'text/plain; charset=utf-8' },
  })
}
