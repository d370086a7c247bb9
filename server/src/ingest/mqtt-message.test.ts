import type { IPublishPacket } from 'mqtt'
import { expect, test } from 'vitest'
import { MqttTopics } from './mqtt-message.ts'

function packet(
  payload: string | Uint8Array,
  userProperties?: Record<string, string | string[]>,
): IPublishPacket {
  return {
    cmd: 'publish',
    topic: 'sensors/kitchen/temperature',
    payload: Buffer.from(payload as string),
    qos: 1,
    dup: false,
    retain: false,
    ...(userProperties && { properties: { userProperties } }),
  }
}

const topics = new MqttTopics({
  'sensors/+id/temperature': ({ params, payload }) => ({ room: 'plant', event: params.id!, input: payload }),
  'sensors/#rest': ({ params, packet }) => ({
    room: 'plant',
    event: params.rest!,
    input: packet.payload.length,
  }),
})

test('the first pattern that matches makes the event, with the payload as JSON', () => {
  expect(topics.filters).toEqual(['sensors/+/temperature', 'sensors/#'])
  expect(topics.read(packet('21.5'))).toEqual({ room: 'plant', event: 'kitchen', input: 21.5 })
  const other = { ...packet('not json'), topic: 'sensors/a/b' }
  expect(topics.read(other)).toEqual({ room: 'plant', event: 'a/b', input: 8 })
})

test('[E1] the event id is the user property of that name, unless the code has one', () => {
  expect(topics.read(packet('1', { 'event-id': 'r7' }))?.id).toBe('r7')
  expect(topics.read(packet('1', { 'event-id': ['r7', 'r8'] }))?.id).toBe('r7')
  expect(topics.read(packet('1'))?.id).toBeUndefined()
  const own = new MqttTopics({ '#': () => ({ room: 'plant', event: 'x', id: 'own' }) })
  expect(own.read(packet('1', { 'event-id': 'r7' }))?.id).toBe('own')
})

test('[E6] what is wrong with a message has a code', () => {
  const codeOf = (message: IPublishPacket) => {
    try {
      topics.read(message)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(codeOf(packet('{'))).toBe('malformed')
  expect(codeOf(packet(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('malformed')
  expect(codeOf(packet('1', { 'event-id': 'x'.repeat(129) }))).toBe('malformed')
  expect(codeOf(packet('1', { 'event-id': '' }))).toBe('malformed')
  expect(codeOf({ ...packet('1'), topic: 'old/subscription' })).toBe('not-found')
})
