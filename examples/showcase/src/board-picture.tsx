import type * as Y from 'yjs'

const maxShapes = 400
const maxPoints = 500

interface Shape {
  readonly id: string
  readonly type: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly stroke: string
  readonly fill: string
  readonly points: readonly [number, number][]
  readonly text: string
  readonly fontSize: number
}

/** A small drawing of what is on a board. */
export function BoardPicture({ doc }: { doc: Y.Doc | null }) {
  const shapes = doc ? shapesOf(doc.getMap('elements')) : []
  return shapes.length > 0 ? <Drawing shapes={shapes} /> : <Placeholder />
}

function Drawing({ shapes }: { shapes: readonly Shape[] }) {
  const corners = shapes.flatMap(cornersOf)
  const left = Math.min(...corners.map(([x]) => x))
  const top = Math.min(...corners.map(([, y]) => y))
  const width = Math.max(...corners.map(([x]) => x)) - left
  const height = Math.max(...corners.map(([, y]) => y)) - top
  const margin = Math.max(width, height) * 0.06 + 10
  const box = [left - margin, top - margin, width + 2 * margin, height + 2 * margin]
  return (
    <svg
      className="board drawing"
      viewBox={box.join(' ')}
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
    >
      {shapes.map((shape) => (
        <g key={shape.id} stroke={shape.stroke} fill={shape.fill} strokeLinecap="round">
          {draw(shape)}
        </g>
      ))}
    </svg>
  )
}

/** The points of a line lie on either side of its origin. */
function cornersOf({ x, y, width, height, points }: Shape): (readonly [number, number])[] {
  if (points.length > 0) return points.map(([px, py]) => [x + px, y + py])
  return [
    [x, y],
    [x + width, y + height],
  ]
}

function draw({ type, x, y, width, height, points, text, fontSize, stroke }: Shape) {
  switch (type) {
    case 'ellipse':
      return <ellipse cx={x + width / 2} cy={y + height / 2} rx={width / 2} ry={height / 2} />
    case 'diamond':
      return (
        <path
          d={`M${x + width / 2} ${y}L${x + width} ${y + height / 2}L${x + width / 2} ${y + height}L${x} ${y + height / 2}Z`}
        />
      )
    case 'line':
    case 'arrow':
    case 'freedraw':
      return <polyline fill="none" points={points.map(([px, py]) => `${x + px},${y + py}`).join(' ')} />
    case 'text':
      return (
        <text x={x} y={y + fontSize} fontSize={fontSize} fill={stroke} stroke="none">
          {text}
        </text>
      )
    default:
      return <rect x={x} y={y} width={width} height={height} rx={Math.min(width, height) * 0.08} />
  }
}

/** Reads what the whiteboard stores, and skips what is not like it. */
function shapesOf(elements: Y.Map<unknown>): Shape[] {
  const shapes: Shape[] = []
  for (const [id, stored] of elements) {
    const element = stored as Record<string, unknown> | null
    if (typeof element !== 'object' || element === null || element.isDeleted === true) continue
    const [x, y, width, height] = [element.x, element.y, element.width, element.height].map(Number)
    if (![x, y, width, height].every(Number.isFinite)) continue
    shapes.push({
      id,
      type: String(element.type),
      x: x!,
      y: y!,
      width: Math.abs(width!),
      height: Math.abs(height!),
      stroke: colorOf(element.strokeColor, '#1e1e1e'),
      fill: colorOf(element.backgroundColor, 'none'),
      points: pointsOf(element.points),
      text: typeof element.text === 'string' ? element.text.slice(0, 80) : '',
      fontSize: Number(element.fontSize) || 20,
    })
    if (shapes.length === maxShapes) break
  }
  return shapes
}

function pointsOf(points: unknown): [number, number][] {
  if (!Array.isArray(points)) return []
  return points
    .slice(0, maxPoints)
    .filter((point) => Number.isFinite(point?.[0]) && Number.isFinite(point?.[1]))
}

function colorOf(color: unknown, fallback: string): string {
  return typeof color === 'string' && /^#[0-9a-f]{3,8}$/i.test(color) ? color : fallback
}

function Placeholder() {
  return (
    <svg className="board" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid meet" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round">
        <rect x="34" y="46" width="88" height="58" rx="6" fill="var(--note)" />
        <ellipse cx="236" cy="74" rx="46" ry="30" />
        <path d="M126 76c20-10 40-10 58-3M176 66l9 7-10 6" />
        <path d="M70 148c10-18 20 16 30-2s20 16 30-2 20 16 30-2" stroke="var(--accent)" strokeWidth="3" />
        <path d="M236 128l26 22-26 22-26-22z" />
      </g>
    </svg>
  )
}
