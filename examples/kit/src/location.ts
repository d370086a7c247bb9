import { useCallback, useEffect, useState } from 'react'

const letters = 'abcdefghijkmnpqrstuvwxyz23456789'

/** Characters. Room names have at most 512 bytes, and one character may be twelve of them there. */
const maxLength = 40

/** A name that nobody guesses: 12 characters, 60 bits. Works without HTTPS too, unlike `crypto.randomUUID`. */
export function newRoomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => letters[byte % 32]).join('')
}

/**
 * The room named in the address (`?doc=plan`), and a function that moves to another one. Without a name in the
 * address everybody meets in `fallback`.
 */
export function useRoomId(parameter: string, fallback = 'welcome'): [id: string, open: (id: string) => void] {
  const [id, setId] = useState(() => readId(parameter) ?? fallback)

  useEffect(() => {
    if (readId(parameter) !== id) history.replaceState(null, '', address(parameter, id))
    const moved = () => setId(readId(parameter) ?? fallback)
    addEventListener('popstate', moved)
    return () => removeEventListener('popstate', moved)
  }, [parameter, fallback, id])

  const open = useCallback(
    (next: string) => {
      history.pushState(null, '', address(parameter, next))
      setId(next)
    },
    [parameter],
  )
  return [id, open]
}

function readId(parameter: string): string | null {
  const name = new URL(location.href).searchParams.get(parameter)?.trim() ?? ''
  return [...name].slice(0, maxLength).join('') || null
}

function address(parameter: string, id: string): URL {
  const url = new URL(location.href)
  url.searchParams.set(parameter, id)
  return url
}
