import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { defineRoom, InterplayError, matchRoom, roomName } from './index.ts'

const board = defineRoom('board/:boardId', {})
const page = defineRoom(':tenant/pages/:page', {})
const lobby = defineRoom('lobby', {})

test('a name holds its parameters, percent-encoded', () => {
  expect(roomName(lobby, {})).toBe('lobby')
  expect(roomName(board, { boardId: 'q3' })).toBe('board/q3')
  expect(roomName(board, { boardId: 'a/b c%é\0' })).toBe('board/a%2Fb%20c%25%C3%A9%00')
  expect(roomName(page, { tenant: 'acme', page: '1' })).toBe('acme/pages/1')
})

test('names that are reserved elsewhere are ordinary parameters', () => {
  for (const boardId of [
    'constructor',
    '__proto__',
    'toString',
    ':boardId',
    '...',
    '%',
    'null',
    '\0',
    '日本',
  ]) {
    const name = roomName(board, { boardId })
    expect(matchRoom(board, name)).toEqual({ boardId })
  }
})

test('any text round-trips', () => {
  const usable = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/^\.\.?$/.test(text))
  fc.assert(
    fc.property(usable, usable, (tenant, name) => {
      expect(matchRoom(page, roomName(page, { tenant, page: name }))).toEqual({ tenant, page: name })
    }),
    { seed: 4711 },
  )
})

test('a parameter that cannot be part of a name is invalid input', () => {
  for (const boardId of ['', '.', '..', '\ud800', undefined, null, 3]) {
    const error = thrown(() => roomName(board, { boardId: boardId as string }))
    expect(error, String(boardId)).toBeInstanceOf(InterplayError)
    expect(error).toMatchObject({ code: 'invalid-input', issues: [{ path: ['boardId'] }] })
  }
})

test('a name that is too long is refused', () => {
  expect(roomName(board, { boardId: 'x'.repeat(506) })).toHaveLength(512)
  expect(thrown(() => roomName(board, { boardId: 'x'.repeat(507) }))).toMatchObject({ code: 'too-large' })
  expect(thrown(() => roomName(board, { boardId: 'é'.repeat(100) }))).toMatchObject({ code: 'too-large' })
  expect(matchRoom(board, `board/${'x'.repeat(507)}`)).toBeNull()
})

test('other names do not match', () => {
  for (const name of [
    '',
    'board',
    'board/',
    'board//',
    'board/q3/',
    '/board/q3',
    'board/q3/x',
    'boards/q3',
    'Board/q3',
  ]) {
    expect(matchRoom(board, name), name).toBeNull()
  }
})

test('only the one encoding of a text matches, so that it has one room', () => {
  for (const name of [
    'board/%71',
    'board/a%2fb',
    'board/é',
    'board/a b',
    'board/%',
    'board/%ff',
    'board/.',
    'board/%2E',
  ]) {
    expect(matchRoom(board, name), name).toBeNull()
  }
})

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
