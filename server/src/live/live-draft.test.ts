import { InterplayError } from '@interplay/shared'
import { expect, test } from 'vitest'
import { type Handles, start } from './live-bed.contract.ts'

test('[E3] a draft that is given up leaves no trace, and one that has ended takes nothing', () => {
  const { values, watch } = start()
  const ada = watch('agents')
  let open = true
  const draft = values.begin(() => open)
  const agents = draft.handles.agents as unknown as Handles['agents']
  agents.set('a', { x: 1, y: 1 })
  open = false
  expect(() => agents.set('b', { x: 1, y: 1 })).toThrow('has ended')
  expect(() => agents.delete('a')).toThrow('has ended')
  expect(() => agents.update(() => {})).toThrow('has ended')
  expect(() => draft.handles.count!.set(1 as never)).toThrow('has ended')
  values.flush(true)
  expect(values.begin(() => true).handles.agents!.get()).toEqual({})
  expect(ada.value('agents')).toEqual({})
})

test('a value that its schema refuses is told with its path, and changes nothing', () => {
  const { values } = start()
  const { handles } = values.begin(() => true)
  const { vote, agents, count, any } = handles as unknown as Handles
  const refused = (code: () => void) => {
    try {
      code()
    } catch (error) {
      if (!(error instanceof InterplayError)) throw error
      expect(error.code).toBe('invalid-input')
      return [error.message.split(':')[0], error.issues[0]?.path]
    }
    throw new Error('It was taken.')
  }
  expect(refused(() => vote.set({ open: 'yes' } as never))).toEqual(['live.vote.open', ['open']])
  expect(refused(() => count.update(() => 'one' as never))[0]).toBe('live.count')
  expect(refused(() => agents.set('a', { x: 1 } as never))).toEqual(['live.agents.a.y', ['a', 'y']])
  expect(refused(() => agents.set({ a: { x: 1, y: 1 }, b: { x: '1' } as never }))[1]).toEqual(['b', 'x'])
  expect(refused(() => agents.set('__proto__', { x: 1, y: 1 }))[0]).toBe('live.agents')
  expect(refused(() => agents.set(undefined as never))[0]).toBe('A live map is set to an object')
  expect(agents.get()).toEqual({})
  expect(vote.get()).toBeUndefined()
  const self: unknown[] = []
  self.push(self)
  for (const odd of [() => {}, 1n, Number.NaN, new Date(), new Map(), self, [undefined], Symbol('x')])
    expect(refused(() => any.set({ odd }))[1]).toContain('odd')
  expect(() => any.set(JSON.parse('{"__proto__":1}'))).toThrow('__proto__')
  expect(() => any.update((async () => 1) as never)).toThrow('returns at once')
})

test('what is handed out cannot change the value, and what was handed in neither', () => {
  const { run, watch, values } = start()
  const ada = watch('agents')
  const bob = watch('heat')
  const mine = { x: 1, y: 1 }
  const cells = new Uint8Array([1, 2, 3])
  run(({ agents, heat }) => {
    agents.set('a', mine)
    heat.set({ cells })
  })
  mine.x = 2
  cells[0] = 9
  const { agents, heat } = values.begin(() => true).handles as unknown as Handles
  expect(() => {
    ;(agents.get('a') as { x: number }).x = 3
  }).toThrow(TypeError)
  expect(() => {
    ;(agents.get() as Record<string, unknown>).b = 3
  }).toThrow(TypeError)
  heat.get().cells[1] = 9
  expect(agents.get('a')).toEqual({ x: 1, y: 1 })
  expect(heat.get().cells).toEqual(new Uint8Array([1, 2, 3]))
  run(({ heat }) =>
    heat.update((draft) => {
      draft.cells[2] = 4
    }),
  )
  expect(ada.value('agents')).toEqual({ a: { x: 1, y: 1 } })
  expect(bob.value('heat')).toEqual({ cells: new Uint8Array([1, 2, 4]) })
})

test('a map is read and changed as a whole and one by one', () => {
  const { run, watch } = start()
  const ada = watch('agents')
  run(({ agents }) => {
    agents.set({ a: { x: 1, y: 1 }, b: { x: 2, y: 2 } })
    agents.set('c', { x: 3, y: 3 })
    expect(Object.keys(agents.get())).toEqual(['a', 'b', 'c'])
    expect(agents.delete('b')).toBe(true)
    expect(agents.delete('b')).toBe(false)
    expect(agents.get('b')).toBeUndefined()
    expect(agents.update('nobody', () => {})).toBe(false)
  })
  expect(ada.value('agents')).toEqual({ a: { x: 1, y: 1 }, c: { x: 3, y: 3 } })
  run(({ agents }) => {
    expect(
      agents.update('a', (agent) => {
        agent.x = 10
      }),
    ).toBe(true)
    agents.update((all) => {
      all.d = { x: 4, y: 4 }
      delete all.c
      all.a!.y = 11
    })
  })
  expect(ada.value('agents')).toEqual({ a: { x: 10, y: 11 }, d: { x: 4, y: 4 } })
  expect(ada.heard).toEqual(['agents full', 'agents delta', 'agents delta'])
})
