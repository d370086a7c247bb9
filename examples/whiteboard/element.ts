import { z } from 'zod'

/** Scene units; far more than anybody pans, and small enough for a canvas to draw. */
const coordinate = z.number().min(-1e7).max(1e7)
const size = z.number().min(-2e7).max(2e7)
const point = z.tuple([coordinate, coordinate])
const points = z.array(point).max(20_000)
const id = z.string().min(1).max(100)

/** What every element has. Properties that are not named here are kept as they are. */
const base = {
  id,
  x: coordinate,
  y: coordinate,
  width: size,
  height: size,
  angle: z.number(),
  /** Counts the changes of this element; with the nonce it tells two versions apart. */
  version: z.int(),
  versionNonce: z.int(),
  /** Its place in the pile, a fractional index. */
  index: z.string().max(200).nullable(),
  isDeleted: z.literal(false),
  groupIds: z.array(id).max(100),
  frameId: id.nullable(),
  boundElements: z
    .array(z.looseObject({ id, type: z.string() }))
    .max(1_000)
    .nullable(),
  link: z.string().max(2_000).nullable(),
}

const shape = (type: 'rectangle' | 'ellipse' | 'diamond' | 'frame' | 'embeddable') =>
  z.looseObject({ ...base, type: z.literal(type) })

const line = (type: 'line' | 'arrow') => z.looseObject({ ...base, type: z.literal(type), points })

/**
 * An element of a drawing: the JSON of Excalidraw, as strict as it must be so that nobody's drawing breaks on what
 * somebody else wrote.
 */
export const element = z.discriminatedUnion('type', [
  shape('rectangle'),
  shape('ellipse'),
  shape('diamond'),
  shape('frame'),
  shape('embeddable'),
  line('line'),
  line('arrow'),
  z.looseObject({
    ...base,
    type: z.literal('freedraw'),
    points,
    pressures: z.array(z.number()).max(20_000),
    simulatePressure: z.boolean(),
  }),
  z.looseObject({
    ...base,
    type: z.literal('text'),
    text: z.string().max(20_000),
    originalText: z.string().max(20_000),
    fontSize: z.number().positive().max(10_000),
    fontFamily: z.int(),
    lineHeight: z.number().positive(),
    containerId: id.nullable(),
  }),
  z.looseObject({ ...base, type: z.literal('image'), fileId: id.nullable() }),
])

export type BoardElement = z.output<typeof element>

/** Characters of the largest image, as a data URL: about 1 MB. */
export const maxImageChars = 1_400_000

/** An image on the board. Only data URLs: nobody's browser is sent elsewhere. */
export const file = z.object({
  id,
  mimeType: z.string().startsWith('image/').max(100),
  dataURL: z.string().startsWith('data:image/').max(maxImageChars),
  /** Milliseconds since 1970. */
  created: z.number(),
})
