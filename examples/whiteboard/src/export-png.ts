import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { download } from './download.ts'

/** Downloads the whole board as a picture, twice as fine as on the screen. Returns whether there was anything on it. */
export async function exportPng(api: ExcalidrawImperativeAPI, name: string): Promise<boolean> {
  const elements = api.getSceneElements()
  if (elements.length === 0) return false
  const { exportToBlob } = await import('@excalidraw/excalidraw')
  const { viewBackgroundColor } = api.getAppState()
  const picture = await exportToBlob({
    elements,
    files: api.getFiles(),
    appState: { exportBackground: true, viewBackgroundColor },
    mimeType: 'image/png',
    exportPadding: 32,
    getDimensions: (width: number, height: number) => ({ width: width * 2, height: height * 2, scale: 2 }),
  })
  download(picture, `${name}.png`)
  return true
}
