/** Black or white, whichever reads better on a colour like `#4f46e5`: at least 4.5:1 on any. */
export function readableInk(color: string): '#000' | '#fff' {
  // Where black and white have the same contrast: (L + 0.05)² = 1.05 · 0.05.
  return luminance(color) > 0.179 ? '#000' : '#fff'
}

/** Relative luminance as in WCAG 2.2. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
