import { cpSync, createReadStream, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

export default defineConfig({
  // The app works below any path: the showcase serves it at /whiteboard/.
  base: './',
  plugins: [react(), excalidrawFonts(), onlyThisOrigin()],
  resolve: {
    // Inside this repository the packages are read from their sources. Outside of it this does nothing.
    conditions: ['interplay-source', ...defaultClientConditions],
    // Two copies of Yjs do not understand each other's types.
    dedupe: ['yjs', 'react', 'react-dom'],
  },
  build: {
    // Excalidraw is large. It loads on its own, after the page is there.
    chunkSizeWarningLimit: 2_500,
  },
})

/** Serves the fonts of drawings from here; Excalidraw would take them from a CDN. */
function excalidrawFonts(): Plugin {
  const fonts = join(dirname(fileURLToPath(import.meta.resolve('@excalidraw/excalidraw'))), 'fonts')
  return {
    name: 'excalidraw-fonts',
    writeBundle({ dir }) {
      cpSync(fonts, join(dir!, 'fonts'), { recursive: true })
    },
    configureServer(server) {
      server.middlewares.use('/fonts', (request, response, next) => {
        const path = join(fonts, decodeURIComponent(new URL(request.url ?? '', 'http://vite').pathname))
        if (!path.startsWith(fonts) || !path.endsWith('.woff2') || !existsSync(path)) return next()
        createReadStream(path).pipe(response.setHeader('content-type', 'font/woff2'))
      })
    },
  }
}

/** No drawing, pasted page or font may make a browser ask another server. */
function onlyThisOrigin(): Plugin {
  const policy = {
    'default-src': "'self'",
    'style-src': "'self' 'unsafe-inline'",
    'img-src': "'self' data: blob:",
    'font-src': "'self' data:",
    'connect-src': "'self' data: blob:",
    'worker-src': "'self' blob:",
    'object-src': "'none'",
    'base-uri': "'none'",
  }
  const content = Object.entries(policy)
    .map((directive) => directive.join(' '))
    .join('; ')
  return {
    name: 'only-this-origin',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content }, injectTo: 'head-prepend' },
    ],
  }
}
