import { expect, test } from 'vitest'
import {
  readRoomFrame,
  writeAwareness,
  writeClose,
  writeStep1,
  writeStep2,
  writeToken,
  writeUpdate,
} from './hocuspocus-frame.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const body = new Uint8Array([7, 8])

test('what goes to the server is what Hocuspocus reads', () => {
  expect(hex(writeToken('b/1', 'key'))).toBe('03622f31' + '02' + '00' + '036b6579')
  expect(hex(writeStep1('b/1', body))).toBe('03622f31' + '00' + '00' + '020708')
  expect(hex(writeStep2('b/1', body))).toBe('03622f31' + '00' + '01' + '020708')
  expect(hex(writeUpdate('b/1', body))).toBe('03622f31' + '00' + '02' + '020708')
  expect(hex(writeAwareness('b/1', body))).toBe('03622f31' + '01' + '020708')
  expect(hex(writeClose('b/1'))).toBe('03622f31' + '07')
})

test('what comes from the server is read', () => {
  const read = (text: string) => readRoomFrame(bytes(`03622f31 ${text}`))
  expect(read('00 00 020708')).toEqual({ room: 'b/1', message: { is: 'step1', vector: body } })
  expect(read('04 00 020708').message).toEqual({ is: 'step1', vector: body })
  expect(read('00 01 020708').message).toEqual({ is: 'step2', update: body })
  expect(read('00 02 020708').message).toEqual({ is: 'update', update: body })
  expect(read('01 020708').message).toEqual({ is: 'awareness', update: body })
  expect(read('02 00').message).toEqual({ is: 'token-request' })
  expect(read('02 01 026e6f').message).toEqual({ is: 'denied', reason: 'no' })
  expect(read('02 02 08726561646f6e6c79').message).toEqual({ is: 'authenticated', readOnly: true })
  expect(read('02 02 0a726561642d7772697465').message).toEqual({ is: 'authenticated', readOnly: false })
  expect(read('03').message).toEqual({ is: 'query-awareness' })
  expect(read('05 026869').message).toEqual({ is: 'other' })
  expect(read('07 026e6f').message).toEqual({ is: 'closed', reason: 'no' })
  expect(read('08 01').message).toEqual({ is: 'sync-status', saved: true })
  expect(read('08 00').message).toEqual({ is: 'sync-status', saved: false })
})

test('bytes that are no frame throw', () => {
  for (const text of [
    '',
    '05',
    '03622f31',
    '03622f31 00 03 00',
    '03622f31 00 01 05 01',
    '03622f31 02 09 00',
  ]) {
    expect(() => readRoomFrame(bytes(text)), text).toThrow()
  }
})
