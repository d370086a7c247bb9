import type { Ingest } from './ingest.ts'
import { type MqttTopic, MqttTopics } from './mqtt-message.ts'
import { MqttSession, type MqttSessionOptions } from './mqtt-session.ts'
import type { TopicParam } from './topic-pattern.ts'

export interface MqttIngestOptions<Pattern extends string> extends MqttSessionOptions {
  /** What to do with messages, by pattern: `'sensors/+id/temperature'`. They should not overlap. */
  readonly topics: { readonly [P in Pattern]: MqttTopic<TopicParam<P>> }
}

/**
 * Takes the messages of a broker as events: subscribed with QoS 1, acknowledged once their event is durable. The broker
 * keeps what comes while the server is away. Throws a `TypeError` for a pattern or a URL that is none.
 *
 * ```ts
 * mqttIngest({
 *   url: 'mqtts://broker.example',
 *   topics: {
 *     'sensors/+id/temperature': ({ params, payload }) =>
 *       ({ room: roomName(plant, { plantId: 'one' }), event: 'measured', input: { sensor: params.id, value: payload } }),
 *   },
 * })
 * ```
 */
export function mqttIngest<const Pattern extends string>(options: MqttIngestOptions<Pattern>): Ingest {
  const { url } = options
  if (!URL.canParse(url) || !/^(mqtts?|wss?|tcp|ssl|tls):$/.test(new URL(url).protocol))
    throw new TypeError('mqttIngest: the url must begin with mqtt://, mqtts://, ws:// or wss://.')
  const topics = new MqttTopics(options.topics as Record<string, MqttTopic>)
  return {
    start(services) {
      const session = new MqttSession(topics, options, services)
      return () => session.stop()
    },
  }
}
