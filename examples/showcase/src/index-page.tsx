import type { Client } from '@interplay/client'
import { Mark } from '@interplay/example-kit'
import { BoardPicture } from './board-picture.tsx'
import { DocumentPicture } from './document-picture.tsx'
import { ExampleCard } from './example-card.tsx'
import { useGlance } from './glance.ts'

export function IndexPage({ client }: { client: Client }) {
  const document = useGlance(client, 'document/welcome')
  const board = useGlance(client, 'board/welcome')
  return (
    <div className="index">
      <header>
        <Mark size={28} />
        <span>Interplay</span>
      </header>
      <main>
        <h1>
          State merges anywhere.
          <br />
          Events run once.
        </h1>
        <p className="lead">
          Interplay is a runtime for what many people do at the same time: everybody edits shared state at
          once, offline too, and it merges. What must happen exactly once is a typed event that the server
          answers.
        </p>
        <div className="cards">
          <ExampleCard
            href="editor/?doc=welcome"
            title="Editor"
            people={document.people}
            picture={<DocumentPicture doc={document.doc} />}
          >
            A document that many write at once, with everybody’s carets and an undo of one’s own.
          </ExampleCard>
          <ExampleCard
            href="whiteboard/?board=welcome"
            title="Whiteboard"
            people={board.people}
            picture={<BoardPicture doc={board.doc} />}
          >
            A drawing for a whole team, with a timer and a vote that nobody can count twice.
          </ExampleCard>
        </div>
        <section className="try" aria-labelledby="try">
          <h2 id="try">Try to break it</h2>
          <ol>
            <li>
              <b>Open two windows.</b> Type in both at once, in the same word.
            </li>
            <li>
              <b>Turn the network off.</b> Go on working, look at the indicator, turn it on again.
            </li>
            <li>
              <b>Kill the server while you type.</b> Start it again: what said “Saved” is there, and what
              waited arrives.
            </li>
          </ol>
        </section>
      </main>
    </div>
  )
}
