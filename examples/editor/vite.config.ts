import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  // The app works below any path: the showcase serves it at /editor/.
  base: './',
  plugins: [react()],
  build: { chunkSizeWarningLimit: 1000 },
  resolve: {
    // Inside this repository the packages are read from their sources. Outside of it this does nothing.
    conditions: ['interplay-source', ...defaultClientConditions],
    // Two copies of Yjs do not understand each other's types.
    dedupe: ['yjs', 'react', 'react-dom'],
  },
})
