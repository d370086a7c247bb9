import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  // The page works below any path.
  base: './',
  plugins: [react()],
  resolve: {
    // Inside this repository the packages are read from their sources. Outside of it this does nothing.
    conditions: ['interplay-source', ...defaultClientConditions],
    // Two copies of Yjs do not understand each other's types.
    dedupe: ['yjs', 'react', 'react-dom'],
  },
})
