import { cpSync, createReadStream, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

export default defineConfig({
  // The app works below any path: the showcase serves it at /whiteboard/.
  base: './',
  plugins: [react(), excalidrawFonts()],
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

/**
 * Serves the fonts of drawings from here. Excalidraw takes the CDN that it falls back to into account even when it has
 * all its fonts, which a strict content security policy reports: the address is taken out.
 */
function excalidrawFonts(): Plugin {
  const fonts = join(dirname(fileURLToPath(import.meta.resolve('@excalidraw/excalidraw'))), 'fonts')
  const cdn = '`https://esm.sh/'
  let isFound = false
  return {
    name: 'excalidraw-fonts',
    transform(code, id) {
      if (!id.includes('@excalidraw/excalidraw') || !code.includes(cdn)) return null
      isFound = true
      const here = '`$' + '{location.origin}/'
      return { code: code.replaceAll(cdn, here), map: null }
    },
    generateBundle() {
      if (!isFound) this.error('This version of Excalidraw has its CDN elsewhere: see vite.config.ts')
    },
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
