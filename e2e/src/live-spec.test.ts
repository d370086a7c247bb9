import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Replica } from '@interplay/shared/live'
import { readFrame, writeFrame } from '@interplay/shared/protocol'
import { expect, test } from 'vitest'
import { codeBlocks, root } from './documents.ts'

test('the live frames in the specification have the bytes that are there', () => {
  const text = readFileSync(join(root, 'docs/spec.md'), 'utf8')
  const blocks = codeBlocks({ path: 'docs/spec.md', text }).filter(
    ({ language }) => language === 'live-frame',
  )
  expect(blocks.length).toBeGreaterThan(0)
  for (const { code } of blocks) {
    const [hex = '', json = ''] = code.split('\n')
    const bytes = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    const frame = readFrame(bytes)
    if (frame.kind !== 'live') throw new Error(`a ${frame.kind} frame`)
    const replica = new Replica()
    expect(replica.take(frame.message)).toBe('taken')
    const { kind, room, name } = frame
    expect({ kind, room, name, value: replica.value }).toEqual(JSON.parse(json))
    expect(Buffer.from(writeFrame(frame)).toString('hex')).toBe(hex.replaceAll(' ', ''))
  }
})
