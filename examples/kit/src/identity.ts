import { useSyncExternalStore } from 'react'

/** How somebody appears to the others. */
export interface Identity {
  readonly name: string
  /** `#rrggbb` */
  readonly color: string
}

/** Each carries white text at 5:1 and stands out at 3:1 on a light and on a dark page. */
export const colors = [
  { name: 'Rose', color: '#d9144b' },
  { name: 'Orange', color: '#bb4d03' },
  { name: 'Amber', color: '#966503' },
  { name: 'Green', color: '#028121' },
  { name: 'Teal', color: '#067c72' },
  { name: 'Sky', color: '#0076a6' },
  { name: 'Blue', color: '#1e65ef' },
  { name: 'Violet', color: '#844ce6' },
  { name: 'Pink', color: '#c82594' },
  { name: 'Slate', color: '#627080' },
] as const

const moods = ['Calm', 'Bright', 'Curious', 'Gentle', 'Quick', 'Merry', 'Patient', 'Bold', 'Kind', 'Keen']
const animals = ['Otter', 'Heron', 'Fox', 'Lynx', 'Robin', 'Badger', 'Wren', 'Hare', 'Seal', 'Finch']

const storageKey = 'interplay.identity'
const listeners = new Set<() => void>()
let current: Identity | null = null

/** The identity of this browser, the same in every example and tab, and a function that changes it. */
export function useIdentity(): [Identity, (change: Partial<Identity>) => void] {
  return [useSyncExternalStore(subscribe, read), change]
}

function read(): Identity {
  current ??= stored() ?? store(invent())
  return current
}

function change(part: Partial<Identity>): void {
  current = store({ ...read(), ...part })
  for (const listener of [...listeners]) listener()
}

function subscribe(listener: () => void): () => void {
  const changedInAnotherTab = (event: StorageEvent) => {
    if (event.key !== storageKey) return
    current = stored() ?? current
    listener()
  }
  listeners.add(listener)
  addEventListener('storage', changedInAnotherTab)
  return () => {
    listeners.delete(listener)
    removeEventListener('storage', changedInAnotherTab)
  }
}

function invent(): Identity {
  return { name: `${pick(moods)} ${pick(animals)}`, color: pick(colors).color }
}

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)] as T
}

function stored(): Identity | null {
  try {
    const { name, color } = JSON.parse(localStorage.getItem(storageKey) ?? '{}')
    const usable = typeof name === 'string' && name.trim() !== '' && /^#[0-9a-f]{6}$/.test(color)
    return usable ? { name: name.slice(0, 40), color } : null
  } catch {
    return null
  }
}

/** A browser that stores nothing forgets the identity with the page. */
function store(identity: Identity): Identity {
  try {
    localStorage.setItem(storageKey, JSON.stringify(identity))
  } catch {}
  return identity
}

const tokenKey = 'interplay.visitor'

/**
 * A secret of this browser, the token of a demonstration without accounts: the server takes whoever has it for the
 * same visitor, after a reconnect too.
 */
export function visitorToken(): string {
  const invented = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
  try {
    const token = localStorage.getItem(tokenKey) ?? invented
    localStorage.setItem(tokenKey, token)
    return token
  } catch {
    return invented
  }
}
