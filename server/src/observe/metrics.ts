import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The numbers a server publishes at `/metrics`, in the Prometheus text format. */
export type Metrics = ReturnType<typeof createMetrics>

/** What can be said of all rooms' tasks. */
export interface TaskNumbers {
  readonly counts: () => Promise<{ readonly timed: number; readonly untimed: number }>
  readonly running: () => number
  readonly roomsWithoutCode: () => number
  readonly lateMs: () => number
}

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  return {
    registry,
    sockets: new Gauge({ name: 'interplay_sockets', help: 'Open WebSockets', registers }),
    sessions: new Gauge({ name: 'interplay_sessions', help: 'Clients in rooms', registers }),
    watchers: new Gauge({
      name: 'interplay_watchers',
      help: 'Readers of rooms as server-sent events',
      registers,
    }),
    rooms: new Gauge({ name: 'interplay_rooms', help: 'Rooms in memory', registers }),
    degraded: new Gauge({
      name: 'interplay_degraded_rooms',
      help: 'Rooms whose last append failed: their changes are not durable yet',
      registers,
    }),
    damaged: new Counter({
      name: 'interplay_corrupt_rows_total',
      help: 'Rows of the log that could not be read',
      registers,
    }),
    events: new Counter({
      name: 'interplay_events_total',
      help: 'Events answered, by outcome: ok or an error code',
      labelNames: ['outcome'],
      registers,
    }),
    ingested: new Counter({
      name: 'interplay_ingested_total',
      help: 'Webhooks and MQTT messages taken, by source and outcome: ok, ignored or an error code',
      labelNames: ['source', 'outcome'],
      registers,
    }),
    brokers: new Gauge({ name: 'interplay_mqtt_connected', help: 'Connections to MQTT brokers', registers }),
    refused: new Counter({
      name: 'interplay_refused_total',
      help: 'Joins, frames and writes refused, by error code',
      labelNames: ['code'],
      registers,
    }),
    appended: new Counter({
      name: 'interplay_appended_entries_total',
      help: 'Log entries made durable',
      registers,
    }),
    appendedBytes: new Counter({
      name: 'interplay_appended_bytes_total',
      help: 'Bytes of updates made durable',
      registers,
    }),
    appendFailures: new Counter({
      name: 'interplay_append_failures_total',
      help: 'Appends that failed',
      registers,
    }),
    compactions: new Counter({ name: 'interplay_compactions_total', help: 'Snapshots written', registers }),
    overruns: new Counter({
      name: 'interplay_overruns_total',
      help: 'Sockets that were cut because they did not read what was sent',
      registers,
    }),
    loops: new Counter({
      name: 'interplay_reaction_loops_total',
      help: 'Reactions that were cut because they set each other off without end',
      registers,
    }),
    tasks: new Counter({
      name: 'interplay_tasks_total',
      help: 'Attempts at jobs, webhooks and events for other rooms, by outcome: ok or failed; dead for what is not tried again',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    liveMessages: new Counter({
      name: 'interplay_live_messages_total',
      help: 'Messages made of live values: each once, for all who watch the same',
      registers,
    }),
    liveBytes: new Counter({
      name: 'interplay_live_bytes_total',
      help: 'Bytes of the messages made of live values',
      registers,
    }),
    liveSent: new Counter({
      name: 'interplay_live_sent_total',
      help: 'Frames of live values sent, to all sessions together',
      registers,
    }),
    liveSkipped: new Counter({
      name: 'interplay_live_skipped_total',
      help: 'Frames of live values not sent, because the session reads too slowly',
      registers,
    }),
    tickSeconds: new Histogram({
      name: 'interplay_tick_seconds',
      help: 'Time a step of a simulation took',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
      registers,
    }),
    tickOverruns: new Counter({
      name: 'interplay_tick_overruns_total',
      help: 'Steps of simulations that were left out, because those before took too long',
      registers,
    }),
    handlerSeconds: new Histogram({
      name: 'interplay_handler_seconds',
      help: 'Time a handler took',
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
  }
}

/** Publishes the numbers of tasks, asked for when they are read. */
export function gaugeTasks({ registry }: Metrics, numbers: TaskNumbers): void {
  const registers = [registry]
  let counts = { timed: 0, untimed: 0 }
  let asked: Promise<void> | null = null
  const ask = async () => {
    // Where the log cannot answer now, what it said last stands.
    counts = await numbers.counts().catch(() => counts)
    asked = null
  }
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read())
      },
    })
  const counted = (part: keyof typeof counts) => async () => {
    asked ??= ask()
    await asked
    return counts[part]
  }
  gauge(
    'interplay_tasks_waiting',
    'Jobs, webhooks and events for other rooms that wait for their time or their turn, or run',
    counted('timed'),
  )
  gauge('interplay_tasks_dead', 'Those that failed for good, and wait for an operator', counted('untimed'))
  gauge('interplay_tasks_running', 'Those that run now', numbers.running)
  gauge(
    'interplay_tasks_late_seconds',
    'Since when the oldest waits for others to end',
    () => numbers.lateMs() / 1000,
  )
  gauge(
    'interplay_rooms_without_code',
    'Rooms that have something to do, and no definition here',
    numbers.roomsWithoutCode,
  )
}
