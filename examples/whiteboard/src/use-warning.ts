import { useToast } from '@interplay/example-kit'
import { useCallback } from 'react'

/** Says why something was refused: `dispatch('vote.close').catch(warn)`. */
export function useWarning(): (error: Error) => void {
  const toast = useToast()
  return useCallback(({ message }) => toast({ message, tone: 'warning' }), [toast])
}
