import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { useEffect, useState } from 'react'

/** What `measure` says of the drawing, asked again after every change of it or of the view: once a frame at most. */
export function useMeasured<T>(
  api: ExcalidrawImperativeAPI,
  measure: (api: ExcalidrawImperativeAPI) => T,
  isEqual: (a: T, b: T) => boolean,
): T {
  const [measured, setMeasured] = useState(() => measure(api))
  useEffect(() => {
    let frame = 0
    const now = () => {
      frame = 0
      const next = measure(api)
      setMeasured((before) => (isEqual(before, next) ? before : next))
    }
    const later = () => {
      frame ||= requestAnimationFrame(now)
    }
    later()
    const stops = [api.onChange(later), api.onScrollChange(later)]
    return () => {
      cancelAnimationFrame(frame)
      for (const stop of stops) stop()
    }
  }, [api, measure, isEqual])
  return measured
}
