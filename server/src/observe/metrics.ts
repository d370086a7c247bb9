import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The numbers a server publishes at `/metrics`, in the Prometheus text format. */
export type Metrics = ReturnType<typeof createMetrics>

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
    loops: new Counter({
      name: 'interplay_reaction_loops_total',
      help: 'Reactions that were cut because they set each other off without end',
      registers,
    }),
    tasks: new Counter({
      name: 'interplay_tasks_total',
      help: 'Jobs, webhooks and events for other rooms that ran, by outcome: ok or failed',
      labelNames: ['outcome'],
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
