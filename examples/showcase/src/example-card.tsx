import { Icon, PeopleList, type Person } from '@interplay/example-kit'
import type { ReactNode } from 'react'

export interface ExampleCardProps {
  readonly href: string
  readonly title: string
  readonly people: readonly Person[]
  readonly picture: ReactNode
  readonly children: ReactNode
}

/** One app: what is in its room right now, and the way in. */
export function ExampleCard({ href, title, people, picture, children }: ExampleCardProps) {
  return (
    <article className="card">
      <div className="picture" aria-hidden="true">
        {picture}
      </div>
      <div className="card-text">
        <div className="card-head">
          <h2>
            <a href={href}>
              {title}
              <Icon name="arrowRight" size={18} />
            </a>
          </h2>
          <div className="card-people">
            <PeopleList people={people} />
            <span className="faint">{people.length === 0 ? 'Nobody inside' : `${people.length} inside`}</span>
          </div>
        </div>
        <p className="soft">{children}</p>
      </div>
    </article>
  )
}
