import { readableInk } from './contrast.ts'
import type { Identity } from './identity.ts'

export interface Person extends Identity {
  readonly id: string | number
}

/** Who else is here, as overlapping initials; more than `shown` become one "+n". */
export function PeopleList({ people, shown = 4 }: { people: readonly Person[]; shown?: number }) {
  const visible = people.length > shown + 1 ? people.slice(0, shown) : people
  const hidden = people.slice(visible.length)
  const count = `${people.length} ${people.length === 1 ? 'other person' : 'other people'} here`
  return (
    <ul className="people" aria-label={people.length === 0 ? 'Nobody else is here' : count}>
      {visible.map((person) => (
        <li key={person.id} className="tip-left" data-tip={person.name}>
          <Avatar identity={person} />
          <span className="visually-hidden">{person.name}</span>
        </li>
      ))}
      {hidden.length > 0 && (
        <li className="tip-left" data-tip={hidden.map((person) => person.name).join(', ')}>
          <span className="avatar avatar-more" aria-hidden="true">
            +{hidden.length}
          </span>
          <span className="visually-hidden">and {hidden.map((person) => person.name).join(', ')}</span>
        </li>
      )}
    </ul>
  )
}

export function Avatar({ identity: { name, color } }: { identity: Identity }) {
  return (
    <span className="avatar" style={{ background: color, color: readableInk(color) }} aria-hidden="true">
      {initials(name)}
    </span>
  )
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const letters = (words.length > 1 ? [words[0], words.at(-1)] : words).map(
    (word) => [...(word ?? '')][0] ?? '',
  )
  return letters.join('').toUpperCase() || '?'
}
