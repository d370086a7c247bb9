import { InterplayError } from '@interplay/shared'
import { newEventId } from '@interplay/shared/protocol'
import { connect, type IClientOptions, type IPublishPacket, type MqttClient, type Packet } from 'mqtt'
import { Deliveries, type Delivery } from './deliveries.ts'
import type { IngestServices } from './ingest.ts'
import type { MqttTopics } from './mqtt-message.ts'

export interface MqttSessionOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string
  /**
   * Names the session that the broker keeps for this server. Two that run at once need two names, or they throw each
   * other out. @default 'interplay'
   */
  readonly clientId?: string
  /** Time that the broker keeps messages for a server that is away, where it speaks MQTT 5. @default 604_800 */
  readonly keepSessionSeconds?: number
  /** Anything else that mqtt.js takes: `username`, `password`, `ca`, `protocolVersion: 4`, … */
  readonly client?: Omit<
    IClientOptions,
    'clean' | 'clientId' | 'resubscribe' | 'reconnectPeriod' | 'customHandleAcks' | 'manualConnect'
  >
}

const firstReconnectMs = 250
const lastReconnectMs = 30_000

/** Messages that may be under way at once. A broker that speaks MQTT 5 is told; others are made to wait. */
const maxInFlight = 256

/** Time for a farewell to the broker. */
const goodbyeMs = 1_000

const source = 'mqtt'

/** The server's session with one broker, over as many connections as it takes. */
export class MqttSession {
  readonly #topics: MqttTopics
  readonly #services: IngestServices
  readonly #client: MqttClient
  readonly #deliveries = new Deliveries()
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #subscribed = false
  #connected = false
  /** Lets mqtt.js read on, where it waits. */
  #readOn: (() => void) | null = null

  constructor(topics: MqttTopics, options: MqttSessionOptions, services: IngestServices) {
    const { clientId = 'interplay', keepSessionSeconds = 604_800, client: own = {} } = options
    this.#topics = topics
    this.#services = services
    const { protocolVersion = 5 } = own
    this.#client = connect(options.url, {
      ...own,
      protocolVersion,
      clientId,
      clean: false,
      resubscribe: false,
      reconnectPeriod: firstReconnectMs,
      reconnectOnConnackError: true,
      ...(protocolVersion === 5 && {
        properties: {
          ...own.properties,
          sessionExpiryInterval: keepSessionSeconds,
          receiveMaximum: maxInFlight,
          // A packet with an alias would have no topic here.
          topicAliasMaximum: 0,
        },
      }),
    })
    this.#client.handleMessage = (packet, callback) => this.#receive(packet, () => callback(notYet))
    this.#client.on('packetreceive', (packet) => this.#seen(packet))
    this.#client.on('connect', ({ sessionPresent }) => this.#subscribe(sessionPresent))
    this.#client.on('reconnect', () => this.#waitLonger())
    this.#client.on('close', () => this.#closed())
    this.#client.on('disconnect', ({ reasonCode }) =>
      services.logger.warn({ reasonCode }, 'the MQTT broker ended the connection'),
    )
    this.#client.on('error', (error) =>
      services.logger.warn({ error: describe(error) }, 'the MQTT broker cannot be reached'),
    )
  }

  /** Takes no more messages; what it took is finished. Anything without an acknowledgement comes again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#readOn?.()
    await Promise.all(this.#underWay)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#client.end(true, {}, () => resolve()), goodbyeMs)
      this.#client.end(false, {}, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #seen(packet: Packet): void {
    if (packet.cmd === 'connack') this.#deliveries.connected(this.#client.stream, packet.sessionPresent)
  }

  /** `rh: 1`: what the broker retains comes with a new subscription only, and not with every connection. */
  #subscribe(sessionPresent: boolean): void {
    const { logger, metrics } = this.#services
    this.#client.options.reconnectPeriod = firstReconnectMs
    if (!this.#connected) metrics.brokers.inc()
    this.#connected = true
    logger.info({ sessionPresent }, 'connected to the MQTT broker')
    if (this.#subscribed && sessionPresent) return
    const v5 = this.#client.options.protocolVersion === 5
    this.#client.subscribe([...this.#topics.filters], { qos: 1, ...(v5 && { rh: 1 }) }, (error, granted) => {
      const refused = granted?.filter(({ qos }) => qos > 2).map(({ topic }) => topic) ?? []
      this.#subscribed = !error && refused.length === 0
      if (!this.#subscribed)
        logger.error({ topics: refused, error: describe(error) }, 'the MQTT broker refused a subscription')
    })
  }

  #waitLonger(): void {
    const { options } = this.#client
    const doubled = Math.min((options.reconnectPeriod ?? firstReconnectMs) * 2, lastReconnectMs)
    options.reconnectPeriod = Math.round(doubled * (0.75 + Math.random() / 4))
  }

  #closed(): void {
    if (this.#connected) this.#services.metrics.brokers.dec()
    this.#connected = false
  }

  /** `readOn` makes mqtt.js read the next packet; the acknowledgement is sent from here. */
  #receive(packet: IPublishPacket, readOn: () => void): void {
    if (this.#stopping.signal.aborted) return readOn()
    const delivery = packet.qos === 0 ? null : this.#deliveries.take(packet.messageId!)
    if (packet.qos === 0 || delivery) this.#begin(packet, delivery)
    if (this.#underWay.size < maxInFlight) return readOn()
    this.#readOn = () => {
      this.#readOn = null
      readOn()
    }
  }

  #begin(packet: IPublishPacket, delivery: Delivery | null): void {
    const work = this.#handle(packet).then((done) => {
      this.#underWay.delete(work)
      if (delivery && done) this.#deliveries.done(delivery)
      if (this.#underWay.size < maxInFlight) this.#readOn?.()
    })
    this.#underWay.add(work)
  }

  /** Whether the message is dealt with: its event is durable, or it can never become one. Never rejects. */
  async #handle(packet: IPublishPacket): Promise<boolean> {
    const { metrics, logger, take } = this.#services
    const settled = (outcome: string) => metrics.ingested.inc({ source, outcome })
    try {
      const event = this.#read(packet)
      if (!event) {
        settled('ignored')
        return true
      }
      const { room, event: name, input, id = newEventId(), actor = { userId: source } } = event
      const outcome = await take({ room, id, event: name, input, actor }, this.#stopping.signal)
      if (!outcome.ok) {
        logger.warn(
          { topic: packet.topic, room, event: name, id, error: outcome.error },
          'an MQTT message was refused',
        )
      }
      settled(outcome.ok ? 'ok' : outcome.error.code)
      return true
    } catch (error) {
      if (this.#stopping.signal.aborted) return false
      const known = error instanceof InterplayError
      if (known) logger.warn({ topic: packet.topic, error: error.toJSON() }, 'an MQTT message was refused')
      else logger.error({ topic: packet.topic, error: describe(error) }, 'the code for an MQTT topic threw')
      settled(known ? error.code : 'internal')
      return true
    }
  }

  #read(packet: IPublishPacket) {
    const { maxInputBytes } = this.#services
    if (packet.payload.length <= maxInputBytes) return this.#topics.read(packet)
    throw new InterplayError('too-large', `A message has ${maxInputBytes} bytes at most.`)
  }
}

/** What mqtt.js is told instead of success, so that it does not acknowledge by itself. */
const notYet = new Error('The event is not durable yet.')

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  return error.message || String(code ?? error.name)
}
