import { createClient } from '@interplay/client'
import { type Browser, expect, type Page, test } from '@playwright/test'
import { enter, type Person, type PersonOptions, type Showcase, startShowcase } from './world.ts'

let showcase: Showcase
const people: Person[] = []
let documents = 0

test.beforeAll(async () => {
  showcase = await startShowcase()
})
test.afterAll(() => showcase?.[Symbol.asyncDispose]())
test.afterEach(async () => {
  for (const person of people.splice(0)) await person.leave()
})

const ada: PersonOptions = { name: 'Ada Lovelace', color: '#844ce6' }
const bob: PersonOptions = { name: 'Bob Noyce', color: '#067c72' }

async function open(browser: Browser, doc: string, options: PersonOptions): Promise<Person> {
  const person = await enter(browser, showcase, `/editor/?doc=${doc}`, options)
  people.push(person)
  await expect(content(person)).toBeVisible()
  return person
}

const newDocument = () => `doc-${++documents}`
const content = ({ page }: Person) => page.getByRole('textbox', { name: 'Content' })
const title = ({ page }: Person) => page.getByRole('textbox', { name: 'Title' })
const status = ({ page }: Person) => page.locator('.status-text')
const tool = ({ page }: Person, name: string) => page.getByRole('button', { name, exact: true })
const caretOf = ({ page }: Person, name: string) => page.locator(`.caret[data-name="${name}"]`)

/** Puts the caret at the end and types. */
async function write(person: Person, text: string): Promise<void> {
  await content(person).focus()
  await person.page.keyboard.press('Control+End')
  await person.page.keyboard.type(text)
}

/** The same as one edit, so that one undo takes it back however slow the machine is. */
async function paste(person: Person, text: string): Promise<void> {
  await content(person).focus()
  await person.page.keyboard.press('Control+End')
  await person.page.keyboard.insertText(text)
}

/** Everything the page says about its state from now on, in order. */
async function recordStatus(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = []
    const badge = document.querySelector('.status')!
    const read = () => {
      const text = badge.querySelector('.status-text')!.textContent
      if (seen.at(-1) !== text) seen.push(text)
    }
    read()
    new MutationObserver(read).observe(badge, { subtree: true, childList: true, characterData: true })
    Object.assign(window, { seen })
  })
  return () => page.evaluate(() => (window as unknown as { seen: string[] }).seen)
}

test('[S1] two people write at once and see each other’s text, title and caret', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]

  await title(a).fill('Plans')
  await expect(title(b)).toHaveValue('Plans')
  await expect(b.page).toHaveTitle('Plans')

  await write(a, 'Hello ')
  await expect(content(b)).toContainText('Hello')
  await write(b, 'world')
  await expect(content(a)).toHaveText(/^Hello world/)

  await Promise.all([a.page.keyboard.type('AAAAAAAAAA'), b.page.keyboard.type('BBBBBBBBBB')])
  await expect.poll(() => textOf(a)).toMatch(/^(?=.*A{10})(?=.*B{10})Hello (?:.*)/)
  await expect.poll(async () => (await textOf(a)) === (await textOf(b))).toBe(true)

  await expect(caretOf(a, 'Bob Noyce')).toBeVisible()
  await expect(caretOf(b, 'Ada Lovelace')).toHaveCSS('border-left-color', 'rgb(132, 76, 230)')
  await expect(caretOf(a, 'Ada Lovelace')).toHaveCount(0)

  await b.page.keyboard.press('Control+a')
  await expect(a.page.locator('.selection').first()).toBeVisible()
})

test('[S1] what others type in the title leaves one’s own caret where it is', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await title(a).fill('middle')
  await expect(title(b)).toHaveValue('middle')
  await title(a).press('End')
  await title(b).press('Home')
  await b.page.keyboard.type('the ')
  await expect(title(a)).toHaveValue('the middle')
  await a.page.keyboard.type(' one')
  await b.page.keyboard.type('very ')
  await expect(title(a)).toHaveValue('the very middle one')
  await expect(title(b)).toHaveValue('the very middle one')
})

test('[S1] offline, both go on writing, and it merges', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await write(a, 'Start.')
  await expect(content(b)).toContainText('Start.')
  await expect(status(a)).toHaveText('Saved')

  await a.goOffline()
  await expect(status(a)).toHaveText(/^Offline/)
  await write(a, ' From Ada.')
  await expect(status(a)).toHaveText(/^(Offline|Reconnecting): \d+ changes wait here$/)
  await b.page.keyboard.press('Tab')
  await content(b).focus()
  await b.page.keyboard.press('Control+Home')
  await b.page.keyboard.type('From Bob. ')
  await expect(content(b)).not.toContainText('From Ada.')

  await a.goOnline()
  for (const person of [a, b]) await expect(content(person)).toContainText('From Bob. Start. From Ada.')
  await expect(status(a)).toHaveText('Saved')
  await expect(content(a)).toBeFocused()
})

test('[S2] the server is killed and restarted while people type, and nothing is lost', async ({
  browser,
}) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await write(a, 'Before. ')
  await expect(status(a)).toHaveText('Saved')
  await expect(content(b)).toContainText('Before.')

  const lines = ['The quick brown fox ', 'jumps over the lazy dog ', 'again and again. ']
  for (const [index, line] of lines.entries()) {
    // Killed while the letters are under way, restarted while they still come.
    const typing = a.page.keyboard.type(line, { delay: 15 })
    await expect(content(a)).toContainText(line.slice(0, 6))
    if (index === 0) await showcase.kill()
    if (index === 1) await showcase.restart()
    await typing
    if (index === 0) await expect(status(a)).toHaveText(/wait here$/)
    await expect(content(a)).toBeFocused()
  }
  const all = `Before. ${lines.join('')}`
  await expect.poll(() => textOf(a)).toBe(all)
  await expect(status(a)).toHaveText('Saved')
  await expect.poll(() => textOf(b)).toBe(all)

  // What it called saved is in the log: another kill, and somebody who was never here reads it.
  await showcase.kill()
  await showcase.restart()
  await a.page.close()
  await b.page.close()
  const fresh = await open(browser, doc, { name: 'Grace Hopper' })
  await expect.poll(() => textOf(fresh)).toBe(all)
})

test('undo takes back one’s own edits only', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await paste(a, 'Ada was here.')
  await expect(content(b)).toContainText('Ada was here.')
  await paste(b, ' Bob too.')
  await expect(content(a)).toHaveText(/^Ada was here. Bob too./)

  await tool(a, 'Undo').click()
  await expect.poll(() => textOf(a)).toBe(' Bob too.')
  await expect.poll(() => textOf(b)).toBe(' Bob too.')
  await expect(tool(a, 'Undo')).toBeDisabled()

  await a.page.keyboard.press('Control+Shift+z')
  await expect.poll(() => textOf(b)).toContain('Ada was here.')
  await b.page.keyboard.press('Control+z')
  await expect.poll(() => textOf(a)).toBe('Ada was here.')
})

test('undo of a new paragraph keeps what somebody else wrote in it', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await paste(a, 'One')
  await expect(content(b)).toContainText('One')
  await write(a, '\n')
  await expect(content(b).locator('p')).toHaveCount(2)
  await paste(b, 'Two by Bob')
  await expect(content(a)).toContainText('Two by Bob')

  // Once or twice, after how long it took.
  await content(a).press('Control+z')
  await content(a).press('Control+z')
  await expect(tool(a, 'Undo')).toBeDisabled()
  await write(a, '!')
  for (const person of [a, b]) await expect(content(person)).toContainText('Two by Bob!')
})

test('[P1] people appear when they come and are gone within a second when they leave', async ({
  browser,
}) => {
  const doc = newDocument()
  const a = await open(browser, doc, ada)
  await expect(a.page.getByRole('list', { name: 'Nobody else is here' })).toBeAttached()

  const b = await open(browser, doc, bob)
  const list = a.page.getByRole('list', { name: '1 other person here' })
  await expect(list.getByText('Bob Noyce')).toBeAttached()
  await write(b, 'x')
  await expect(caretOf(a, 'Bob Noyce')).toBeVisible()

  await b.page.getByRole('button', { name: /^You are Bob Noyce/ }).click()
  await b.page.getByRole('textbox', { name: 'Name' }).fill('Robert')
  await b.page.getByRole('radio', { name: 'Rose' }).check()
  await expect(list.getByText('Robert')).toBeAttached()
  await expect(list.locator('.avatar')).toHaveCSS('background-color', 'rgb(217, 20, 75)')

  await b.page.close()
  await expect(list).toHaveCount(0, { timeout: 1_000 })
  await expect(a.page.locator('.caret')).toHaveCount(0, { timeout: 1_000 })
})

test('[P2] after a reconnect nobody is there twice', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await expect(a.page.locator('.people li')).toHaveCount(1)
  await b.goOffline()
  await expect(a.page.locator('.people li')).toHaveCount(0)
  await expect(b.page.locator('.people li')).toHaveCount(0)
  await b.goOnline()
  await expect(a.page.locator('.people li')).toHaveCount(1)
  await expect(b.page.locator('.people li')).toHaveCount(1)
})

test('the name and colour of a person stay with the browser', async ({ browser }) => {
  const a = await open(browser, newDocument(), ada)
  await a.page.getByRole('button', { name: /^You are/ }).click()
  await a.page.getByRole('textbox', { name: 'Name' }).fill('Augusta')
  await a.page.reload()
  await expect(a.page.getByRole('button', { name: /^You are Augusta/ })).toBeVisible()
})

test('[S3] the indicator says what is saved, what waits, and when it is safe again', async ({ browser }) => {
  const a = await open(browser, newDocument(), ada)
  await expect(status(a)).toHaveText('Saved')
  const seen = await recordStatus(a.page)

  await write(a, 'x')
  await expect.poll(seen).toEqual(['Saved', 'Saving…', 'Saved'])

  await a.goOffline()
  await expect(status(a)).toHaveText(/^(Offline|Reconnecting)$/)
  await expect(a.page.getByRole('status').filter({ hasText: /Offline|Reconnecting/ })).toContainText(
    'Keep going',
  )
  await content(a).focus()
  await a.page.keyboard.type('yz')
  await expect(status(a)).toHaveText(/2 changes wait here$/)

  await a.goOnline()
  await expect(status(a)).toHaveText('Saved')
  await expect(a.page.getByRole('status').filter({ hasText: 'Back online' })).toBeAttached()
  expect((await seen()).at(-1)).toBe('Saved')
})

test('[E1] a review that was asked for while the server was down is recorded once', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await write(a, 'Five words are in here')
  await expect(status(a)).toHaveText('Saved')

  await showcase.kill()
  await expect(status(a)).toHaveText(/^(Offline|Reconnecting)/)
  await tool(a, 'Mark as reviewed').click()
  await expect(status(a)).toHaveText(/1 change waits here$/)
  await showcase.restart()

  await expect(a.page.getByRole('status').filter({ hasText: 'Reviewed: 5 words.' })).toBeVisible()
  await b.page.getByRole('button', { name: /^Reviewed by Ada Lovelace/ }).click()
  await expect(b.page.getByRole('dialog', { name: 'Reviews' }).getByRole('listitem')).toHaveText([
    /^Ada Lovelace5 words/,
  ])
})

test('[E3] a refused event says why', async ({ browser }) => {
  const a = await open(browser, newDocument(), ada)
  await tool(a, 'Mark as reviewed').click()
  await expect(a.page.getByRole('status').filter({ hasText: 'nothing to review' })).toBeVisible()
  await expect(a.page.getByText('Not reviewed yet')).toBeVisible()
})

test('[S5] after a refused change the page says why, and goes on with the server’s document', async ({
  browser,
}) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, ada), await open(browser, doc, bob)]
  await write(a, 'Kept. ')
  await expect(status(a)).toHaveText('Saved')
  await content(a).evaluate((element) => {
    const { editor } = element as unknown as { editor: { extensionManager: { extensions: Extension[] } } }
    type Extension = {
      name: string
      options: { fragment: { doc: { getArray(name: string): { push(items: unknown[]): void } } } }
    }
    const { fragment } = editor.extensionManager.extensions.find(
      ({ name }) => name === 'collaboration',
    )!.options
    fragment.doc.getArray('reviews').push([{ by: 'Mallory', at: 0, words: 1 }])
  })
  await expect(a.page.getByText('The server did not take your last change.')).toBeVisible()
  await expect(a.page.getByText('Not reviewed yet')).toBeVisible()
  await expect(content(a)).toBeFocused()
  await a.page.keyboard.type('And on.')
  await expect(content(b)).toHaveText(/^Kept. And on./)
  await expect(status(a)).toHaveText('Saved')
})

test('toolbar, shortcuts and keyboard reach everything', async ({ browser }) => {
  const a = await open(browser, newDocument(), ada)
  await write(a, 'plain ')
  await expect(tool(a, 'Bold')).toHaveAttribute('aria-pressed', 'false')
  await a.page.keyboard.press('Control+b')
  await expect(tool(a, 'Bold')).toHaveAttribute('aria-pressed', 'true')
  await a.page.keyboard.type('bold')
  await expect(content(a).locator('strong')).toHaveText('bold')

  for (const [name, selector] of [
    ['Heading 2', 'h2'],
    ['Quote', 'blockquote'],
    ['Bullet list', 'ul > li'],
    ['Numbered list', 'ol > li'],
    ['Code block', 'pre'],
  ] as const) {
    await a.page.keyboard.press('Control+End')
    await tool(a, name).click()
    await expect(content(a).locator(selector).first()).toBeVisible()
    await expect(content(a)).toBeFocused()
    await tool(a, 'Undo').click()
  }

  // One stop for Tab; inside it, arrows.
  await tool(a, 'Undo').focus()
  await a.page.keyboard.press('ArrowRight')
  await expect(tool(a, 'Redo')).toBeFocused()
  await a.page.keyboard.press('End')
  await expect(tool(a, 'Code block')).toBeFocused()
})

test('a new document is empty and has an address of its own', async ({ browser }) => {
  const a = await open(browser, newDocument(), ada)
  await write(a, 'Old text')
  await expect(status(a)).toHaveText('Saved')
  await tool(a, 'New document').click()
  await expect(a.page).toHaveURL(/\?doc=[a-z0-9]{12}$/)
  await expect(content(a)).not.toContainText('Old text')
  await a.page.goBack()
  await expect(content(a)).toContainText('Old text')
})

test('a name in the address that is too long is cut, one that is odd is taken', async ({ browser }) => {
  for (const doc of ['%F0%9F%98%80'.repeat(300), 'a%2Fb%20%3F%23']) {
    const a = await open(browser, doc, ada)
    await write(a, 'Fine')
    await expect(status(a)).toHaveText('Saved')
  }
})

test('on a phone everything fits and the toolbar scrolls', async ({ browser }) => {
  const doc = newDocument()
  const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }
  const a = await open(browser, doc, { ...ada, ...phone })
  const clients = ['Bob Noyce', 'Grace Hopper', 'Alan Kay', 'Barbara Liskov', 'Edsger Dijkstra'].map(
    (name) => {
      const client = createClient({ url: `ws://127.0.0.1:${showcase.port}` })
      client.openRoom(`document/${doc}`, { presence: { user: { name, color: '#067c72' } } })
      return client
    },
  )
  await expect(a.page.locator('.people li')).toHaveCount(4)
  await expect(a.page.getByText('+2')).toBeVisible()

  await content(a).tap()
  await a.page.keyboard.type(`On the road ${'x'.repeat(80)}`)
  await expect(status(a)).toHaveText('Saved')
  const [page, screen] = await a.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  expect(page).toBe(360)
  expect(screen).toBe(360)

  await tool(a, 'Code block').tap()
  await expect(content(a).locator('pre')).toBeVisible()
  await a.goOffline()
  await expect(a.page.locator('.status-short')).toHaveText(/^Offline/)
  await expect(tool(a, 'New document')).toBeInViewport({ ratio: 1 })
  await a.goOnline()
  await expect(a.page.locator('.status-short')).toHaveText('Saved')
  for (const client of clients) client.close()
})

test('in the dark it is dark, and names can be read', async ({ browser }) => {
  const doc = newDocument()
  const [a, b] = [await open(browser, doc, { ...ada, colorScheme: 'dark' }), await open(browser, doc, bob)]
  await expect(a.page.locator('html')).toHaveCSS('background-color', 'rgb(25, 26, 30)')
  await expect(b.page.locator('html')).toHaveCSS('background-color', 'rgb(255, 255, 255)')
  await write(b, 'Hello')
  await expect(caretOf(a, 'Bob Noyce')).toBeVisible()
  const label = await caretOf(a, 'Bob Noyce').evaluate((caret) => {
    const { content, color, backgroundColor } = getComputedStyle(caret, '::after')
    return { content, color, backgroundColor }
  })
  expect(label).toEqual({
    content: '"Bob Noyce"',
    color: 'rgb(255, 255, 255)',
    backgroundColor: 'rgb(6, 124, 114)',
  })
})

/** The text of the content alone: no names of carets. */
function textOf(person: Person): Promise<string> {
  return content(person).evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement
    for (const caret of copy.querySelectorAll('.caret')) caret.remove()
    return [...copy.children]
      .map((block) => block.textContent)
      .join('\n')
      .replaceAll('\u2060', '')
  })
}
