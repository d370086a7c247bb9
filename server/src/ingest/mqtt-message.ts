import { InterplayError } from '@interplay/shared'
import type { IPublishPacket } from 'mqtt'
import { checkEventId } from './hand-in.ts'
import type { IncomingEvent } from './incoming-event.ts'
import { TopicPattern } from './topic-pattern.ts'

/** A message of a broker, as the code for its topic gets it. */
export interface MqttMessage<Param extends string = string> {
  /** The named levels of the topic. */
  readonly params: Readonly<Record<Param, string>>
  readonly topic: string
  /** The payload as JSON; nobody has checked its shape. Reading it throws `malformed` if it is none. */
  readonly payload: unknown
  /** The packet, with the bytes of the payload, the properties of MQTT 5 and the retain flag. */
  readonly packet: IPublishPacket
}

/** The event that a message stands for. */
export interface MqttEvent extends IncomingEvent {
  /** Makes the event run once, however often the message comes. @default the MQTT 5 user property `event-id`, or a fresh id */
  readonly id?: string
}

/** Synchronous, so that the order of messages is that of their events. `null` for a message of no interest. */
export type MqttTopic<Param extends string = string> = (message: MqttMessage<Param>) => MqttEvent | null

/** What to do with the messages of each topic. */
export class MqttTopics {
  readonly filters: readonly string[]
  readonly #topics: readonly { readonly pattern: TopicPattern; readonly read: MqttTopic }[]

  constructor(topics: Readonly<Record<string, MqttTopic>>) {
    this.#topics = Object.entries(topics).map(([pattern, read]) => ({
      pattern: new TopicPattern(pattern),
      read,
    }))
    this.filters = this.#topics.map(({ pattern }) => pattern.filter)
    if (this.filters.length === 0) throw new TypeError('mqttIngest: there are no topics.')
  }

  /** The event of a message and, where it has one, its id. Throws what is wrong with the message. */
  read(packet: IPublishPacket): MqttEvent | null {
    const { topic } = packet
    for (const { pattern, read } of this.#topics) {
      const params = pattern.match(topic)
      if (!params) continue
      const event = read(messageOf(packet, params))
      if (!event) return null
      const id = event.id ?? eventIdOf(packet)
      return id === undefined ? event : { ...event, id: checkEventId(id, "A message's event id") }
    }
    throw new InterplayError(
      'not-found',
      'No topic of this server matches it: an old subscription of its session.',
    )
  }
}

function messageOf(packet: IPublishPacket, params: Record<string, string>): MqttMessage {
  return {
    params,
    topic: packet.topic,
    get payload() {
      return jsonOf(packet.payload)
    },
    packet,
  }
}

function jsonOf(payload: string | Buffer): unknown {
  try {
    return JSON.parse(typeof payload === 'string' ? payload : utf8.decode(payload))
  } catch {
    throw new InterplayError('malformed', 'The payload is not JSON.')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function eventIdOf({ properties }: IPublishPacket): string | undefined {
  const id = properties?.userProperties?.['event-id']
  return Array.isArray(id) ? id[0] : id
}
