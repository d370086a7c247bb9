/** The order of the UTF-8 bytes of two texts. */
export const byteOrder = (one: string, two: string): number =>
  one === two ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(two))
