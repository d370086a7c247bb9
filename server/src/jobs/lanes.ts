import type { DuePlace } from '../log/log.ts'

/** What a task shares with others, such as the name of a job in a room, and how many of them run at once. */
export interface LaneRule {
  readonly key: string
  readonly limit: number
}

interface Lane {
  limit: number
  active: number
  /** Where the tasks begin that were passed over because it was full; `null` if none was. */
  from: DuePlace | null
}

/** Who runs beside whom: tasks of a lane beyond its limit are passed over, and found again when one of them has ended. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()

  isFull({ key, limit }: LaneRule): boolean {
    return (this.#lanes.get(key)?.active ?? 0) >= limit
  }

  /** Whether it is full, or was: others wait to be found first. */
  isAwaited(lane: LaneRule): boolean {
    return this.isFull(lane) || !!this.#lanes.get(lane.key)?.from
  }

  enter({ key, limit }: LaneRule): void {
    const lane = this.#lanes.get(key) ?? { limit, active: 0, from: null }
    lane.limit = limit
    lane.active += 1
    this.#lanes.set(key, lane)
  }

  leave({ key }: LaneRule): void {
    const lane = this.#lanes.get(key)!
    lane.active -= 1
    this.#dropIfEmpty(key, lane)
  }

  /** A task right behind this place was passed over: its lane is full. */
  passedOver({ key, limit }: LaneRule, before: DuePlace): void {
    const lane = this.#lanes.get(key)!
    lane.limit = limit
    lane.from ??= before
  }

  /** Lanes that have room again for tasks that were passed over, each with the place to look from; least recently served first. */
  get open(): readonly { readonly key: string; readonly from: DuePlace }[] {
    return [...this.#lanes].flatMap(([key, { active, limit, from }]) =>
      from && active < limit ? [{ key, from }] : [],
    )
  }

  get isAnyOpen(): boolean {
    for (const { active, limit, from } of this.#lanes.values()) if (from && active < limit) return true
    return false
  }

  /** A lane was looked through: what is left of it begins here. */
  served(key: string, from: DuePlace | null): void {
    const lane = this.#lanes.get(key)
    if (!lane) return
    lane.from = from
    this.#lanes.delete(key)
    this.#lanes.set(key, lane)
    this.#dropIfEmpty(key, lane)
  }

  /** Something became due at this time that may have been looked past. */
  goBack(due: number): void {
    for (const lane of this.#lanes.values())
      if (lane.from && due <= lane.from.due) lane.from = { due, room: '', id: '' }
  }

  /** The earliest time from which tasks were passed over. */
  get oldestDue(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { from } of this.#lanes.values()) if (from) oldest = Math.min(oldest, from.due)
    return oldest
  }

  #dropIfEmpty(key: string, { active, from }: Lane): void {
    if (active === 0 && !from) this.#lanes.delete(key)
  }
}
