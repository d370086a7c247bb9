import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { roomName, type StateJson } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import type { Batch, Program, Step } from './engine-property-program.ts'
import { sessions } from './engine-property-program.ts'
import { engine, mailbox } from './engine-property-rooms.ts'
import type { EngineServers } from './engine-property-servers.ts'
import { type Dispatched, EngineSession } from './engine-property-session.ts'
import { until } from './until.ts'

/** The first two sessions of a scenario are one user. */
const userOf = (session: number) => (session < 2 ? 'ada' : 'bob')

/** What broke a promise, by the number of the scenario. Empty is the result to expect. */
export type Faults = ReadonlyMap<number, readonly string[]>

/**
 * Runs scenarios at once, over servers that die in between. Afterwards everybody has the time to finish, and is audited. Rooms
 * have names that begin with `name`.
 */
export async function runBatch(
  servers: EngineServers,
  name: string,
  { programs, kills }: Batch,
): Promise<Faults> {
  const total = programs.reduce((sum, { length }) => sum + length, 0)
  const thresholds = kills
    .map((kill) => ({ ...kill, at: (kill.at / 1_000) * total }))
    .sort((a, b) => a.at - b.at)
  let done = 0
  let killing = Promise.resolve()
  const stepDone = () => {
    done += 1
    while (thresholds[0] && done >= thresholds[0].at) {
      const { death } = thresholds.shift()!
      killing = killing.then(() => servers.kill(death))
    }
  }
  const scenarios = programs.map((program, index) => new Scenario(servers, `${name}-${index}`, program))
  await Promise.all(scenarios.map((scenario) => scenario.run(stepDone)))
  await killing
  const faults = new Map<number, string[]>()
  const report = (index: number, found: Iterable<string>) => {
    const all = [...(faults.get(index) ?? []), ...found]
    if (all.length > 0) faults.set(index, all)
  }
  await Promise.all(scenarios.map(async (scenario, index) => report(index, await scenario.finish())))
  // What the next server finds is what was durable.
  await servers.kill(null)
  await Promise.all(scenarios.map(async (scenario, index) => report(index, await scenario.audit())))
  for (const scenario of scenarios) scenario.close()
  report(0, servers.takeComplaints())
  return faults
}

/** A room, the room it sends to, and three sessions of two users. */
class Scenario {
  readonly #servers: EngineServers
  readonly #name: string
  readonly #program: Program
  readonly #room: string
  readonly #sessions: readonly EngineSession[]
  readonly #events = new Map<string, Dispatched>()
  readonly #requests: Promise<void>[] = []
  #edits = 0

  constructor(servers: EngineServers, name: string, program: Program) {
    this.#servers = servers
    this.#name = name
    this.#program = program
    this.#room = roomName(engine, { id: name })
    const answered = (id: string, outcome: Outcome) => void this.#events.get(id)?.answers.push(outcome)
    this.#sessions = sessions.map(
      (session) => new EngineSession(servers.ws, this.#room, `${userOf(session)} of ${name}`, answered),
    )
  }

  async run(stepDone: () => void): Promise<void> {
    for (const step of this.#program) {
      await this.#step(step)
      stepDone()
    }
  }

  async #step(step: Step): Promise<void> {
    if (step.do === 'pause') return delay(step.ms)
    const session = this.#sessions[step.by]!
    switch (step.do) {
      case 'event': {
        const id = `event-${this.#events.size}`
        const deed = { ...step.deed, mark: `${step.by}:${session.events.length}` }
        const event = { id, session: step.by, deed, answers: [] }
        this.#events.set(id, event)
        return session.dispatch(event)
      }
      case 'edit':
        this.#edits += 1
        return session.edit(`${step.by}:${this.#edits}`)
      case 'again':
        return session.again(step.back)
      case 'elsewhere':
      case 'http': {
        const answered = [...this.#events.values()].filter(
          (event) => event.answers.length > 0 && userOf(event.session) === userOf(step.by),
        )
        const event = answered.at(-1 - (step.back % Math.max(1, answered.length)))
        if (event && step.do === 'elsewhere') session.repeat(event)
        else if (event) this.#requests.push(this.#request(event, session.token))
        return
      }
      default:
        return session[step.do]()
    }
  }

  async #request({ id, deed, answers }: Dispatched, token: string): Promise<void> {
    const url = `${this.#servers.http}/api/rooms/${encodeURIComponent(this.#room)}/events/do`
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': id }
    const request = fetch(url, { method: 'POST', headers, body: JSON.stringify(deed) })
    const body = (await request.then((response) => response.json()).catch(() => null)) as {
      output?: unknown
      error?: { code: string }
    } | null
    // A server that dies answers nothing, and one that has just begun may not yet.
    if (!body || body.error?.code === 'unavailable') return
    answers.push(
      (body.error ? { ok: false, error: body.error } : { ok: true, output: body.output }) as Outcome,
    )
  }

  /** Lets everybody finish. Returns what did not. */
  async finish(): Promise<string[]> {
    for (const session of this.#sessions) session.release()
    await Promise.all(this.#requests)
    const isQuiet = () => this.#sessions.every((session) => session.isQuiet)
    const isDone = async () =>
      isQuiet() && [...this.#unfinished(await this.#state(), await this.#received())].length === 0
    await until(isDone, 20_000).catch(() => {})
    const unanswered = [...this.#events.values()].filter(({ answers }) => answers.length === 0)
    return [
      ...unanswered.map(({ deed }) => `never answered: ${deed.mark}`),
      ...this.#unfinished(await this.#state(), await this.#received()),
    ]
  }

  /** Holds what is stored against what was asked and what was answered. */
  async audit(): Promise<string[]> {
    const state = await this.#state()
    const received = await this.#received()
    const signals = this.#sessions.flatMap((session) => session.signals)
    return [
      ...this.#sessions.flatMap(({ complaints }) => complaints),
      ...this.#effectFaults(state),
      ...this.#answerFaults(state),
      ...twice('received', received),
      ...this.#sessions.flatMap((session, index) => [
        ...twice(`signals to session ${index}`, session.signals),
      ]),
      ...signals
        .filter((mark) => !state.applied.includes(mark))
        .map((mark) => `a signal of ${mark}, which is not`),
      ...this.#unfinished(state, received),
    ]
  }

  close(): void {
    for (const session of this.#sessions) session.close()
  }

  /** Work that follows from events, and is done some time after them. */
  *#unfinished(state: EngineState, received: readonly string[]): Generator<string> {
    const effective = [...this.#events.values()].filter(isEffective).map(({ deed }) => deed)
    const marks = (of: typeof effective) => of.map(({ mark }) => mark).sort()
    yield* unlike('jobs', Object.keys(state.jobs).sort(), marks(effective.filter(({ job }) => job !== null)))
    yield* unlike('received', [...received].sort(), marks(effective.filter(({ sends }) => sends)))
    yield* unlike('edits', state.edits.length, this.#edits)
    yield* unlike('edits that were seen', state.editsSeen, state.edits.length)
    yield* unlike('events that were seen', state.appliedSeen, state.applied.length)
  }

  *#effectFaults(state: EngineState): Generator<string> {
    yield* twice('applied', state.applied)
    for (const [index, { events }] of this.#sessions.entries()) {
      const expected = events.filter(isEffective).map(({ deed }) => deed.mark)
      const applied = state.applied.filter((mark) => mark.startsWith(`${index}:`))
      yield* unlike(`applied for session ${index}`, applied, expected)
    }
  }

  *#answerFaults(state: EngineState): Generator<string> {
    for (const { deed, answers } of this.#events.values()) {
      const [first] = answers
      for (const answer of answers)
        if (!isDeepStrictEqual(answer, first))
          yield `${deed.mark}: answered ${text(first)} and ${text(answer)}`
      const ends = { well: 'ok', failing: 'conflict', throwing: 'internal', refused: 'forbidden' }[deed.ends]
      const outcome = first && (first.ok ? 'ok' : first.error.code)
      yield* unlike(`the answer to ${deed.mark}`, outcome, ends)
      const place = first?.ok ? (first.output as { place: number }).place : null
      if (place !== null)
        yield* unlike(`what is at the place of ${deed.mark}`, state.applied[place - 1], deed.mark)
    }
  }

  #state(): Promise<EngineState> {
    return this.#read(this.#room) as Promise<EngineState>
  }

  async #received(): Promise<string[]> {
    return ((await this.#read(roomName(mailbox, { id: this.#name }))) as StateJson<typeof mailbox>).received
  }

  async #read(room: string): Promise<unknown> {
    const response = await fetch(`${this.#servers.http}/api/rooms/${encodeURIComponent(room)}`)
    return response.json()
  }
}

type EngineState = StateJson<typeof engine>

const isEffective = ({ deed }: Dispatched) => deed.ends === 'well'

const text = (value: unknown) => JSON.stringify(value)

function* unlike(what: string, is: unknown, expected: unknown): Generator<string> {
  if (!isDeepStrictEqual(is, expected)) yield `${what}: ${text(is)}, expected ${text(expected)}`
}

function* twice(what: string, marks: readonly string[]): Generator<string> {
  const more = marks.filter((mark, index) => marks.indexOf(mark) !== index)
  if (more.length > 0) yield `${what}: more than once ${text(more)}`
}
