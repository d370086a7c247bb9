import type { World } from './world.ts'

export interface ListedJob {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly due: number | null
  readonly failures: number
  readonly error?: string
  readonly [field: string]: unknown
}

/** A room, as an operator sees it over HTTP. */
export function operate(world: Pick<World, 'http'>, room: string, headers: Record<string, string> = {}) {
  const base = `${world.http}/api/rooms/${encodeURIComponent(room)}`
  const read = async (path: string, query: Record<string, string | number>) => {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
    const response = await fetch(`${base}/${path}?${search}`, { headers })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    return response.json()
  }
  return {
    jobs: (query: Record<string, string | number> = {}): Promise<{ jobs: ListedJob[]; next?: string }> =>
      read('jobs', query),
    journal: (
      query: Record<string, string | number> = {},
    ): Promise<{ records: Record<string, unknown>[]; next?: number }> => read('journal', query),
    retry: (id: string) => fetch(`${base}/jobs/${encodeURIComponent(id)}/retry`, { method: 'POST', headers }),
    drop: (id: string) => fetch(`${base}/jobs/${encodeURIComponent(id)}`, { method: 'DELETE', headers }),
    /** A number of `/metrics`; `NaN` if there is none of this name. */
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${world.http}/metrics`)).text()
      const line = text.split('\n').find((each) => each.startsWith(`${name} `))
      return Number(line?.slice(name.length + 1) ?? Number.NaN)
    },
  }
}
