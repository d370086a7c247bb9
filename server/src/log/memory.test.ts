import { describeUpdateLog } from './log.contract.ts'
import type { LogBed } from './log-bed.contract.ts'
import { memoryLog } from './memory.ts'

const nothingLasts = 'nothing outlives the process'

export const memoryBed = (): LogBed => ({ open: async () => memoryLog(), remove: async () => {} })

describeUpdateLog('memory', memoryBed, {
  reopen: nothingLasts,
  crash: nothingLasts,
  sever: 'there is nothing to be cut off from',
  damage: nothingLasts,
})
