/** Prints rows under a title, each column as wide as it must be; numbers stand right. */
export function printTable(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const cells = [columns, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? shortNumber(cell) : cell)),
  )
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  console.log(`\n${title}`)
  for (const [index, row] of cells.entries()) {
    const line = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    )
    console.log(`  ${line.join('  ')}`)
    if (index === 0) console.log(`  ${widths.map((width) => '-'.repeat(width)).join('  ')}`)
  }
}

function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}

/** The value below which this share of the samples lies. Sorts them. */
export function percentile(samples: number[], share: number): number {
  samples.sort((one, two) => one - two)
  return samples[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? Number.NaN
}

export const median = (samples: number[]): number => percentile(samples, 0.5)
