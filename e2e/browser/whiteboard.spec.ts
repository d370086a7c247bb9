import { createClient, type Room } from '@interplay/client'
import { type Browser, expect, type Page, test } from '@playwright/test'
import { board } from '../../examples/whiteboard/board.ts'
import { enter, type Person, type PersonOptions, type Showcase, startShowcase } from './world.ts'

let showcase: Showcase
const people: Person[] = []
const strangers: (() => void)[] = []
const hosts = new Set<string>()
let boards = 0

test.describe.configure({ timeout: 120_000 })

test.beforeAll(async () => {
  showcase = await startShowcase()
})
test.afterAll(() => showcase[Symbol.asyncDispose]())
test.afterEach(async () => {
  for (const person of people.splice(0)) await person.leave()
  for (const leave of strangers.splice(0)) leave()
  expect([...hosts], 'whom the pages asked').toEqual(['127.0.0.1'])
})

const ada: PersonOptions = { name: 'Ada Lovelace', color: '#844ce6', viewport: { width: 1280, height: 800 } }
const ben: PersonOptions = { name: 'Ben Okri', color: '#028121', viewport: { width: 1280, height: 800 } }

const newBoard = () => `board-${++boards}`

async function open(browser: Browser, boardId: string, options: PersonOptions): Promise<Person> {
  const person = await enter(browser, showcase, `/whiteboard/?board=${boardId}`, options)
  people.push(person)
  person.page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (protocol.startsWith('http') || protocol.startsWith('ws')) hosts.add(hostname)
  })
  await ready(person)
  return person
}

async function ready({ page }: Person): Promise<void> {
  await expect(page.locator('canvas.interactive')).toBeVisible({ timeout: 30_000 })
  await expect(page.locator('.cursor-view')).toBeAttached()
}

/** Somebody else with the SDK and no browser. */
async function stranger(boardId: string): Promise<Room<typeof board>> {
  const client = createClient({ url: `ws://127.0.0.1:${showcase.port}`, token: 'ab'.repeat(16) })
  strangers.push(() => client.close())
  const room = client.join(board, { boardId })
  await room.ready
  return room
}

interface Shared {
  elements: Record<string, { type: string; x: number; y: number; text?: string; points?: unknown[] }>
  files: Record<string, unknown>
  timer: { endsAt: number } | null
  dots: Record<string, Record<string, number>>
}

/** The state as the server has it. */
async function shared(boardId: string): Promise<Shared> {
  const room = encodeURIComponent(`board/${boardId}`)
  const response = await fetch(`http://127.0.0.1:${showcase.port}/api/rooms/${room}`)
  return (await response.json()) as Shared
}

const typesOf = async (boardId: string) =>
  Object.values((await shared(boardId)).elements)
    .map(({ type }) => type)
    .sort()

type Box = [x: number, y: number, width: number, height: number]

/** Pixels in this box of the window that are drawn on, as the user sees them: selections and cursors do not count. */
function inkIn({ page }: Person, [x, y, width, height]: Box): Promise<number> {
  return page.locator('canvas.excalidraw__canvas.static').evaluate(
    (canvas, [left, top, width, height]) => {
      const { x, y } = canvas.getBoundingClientRect()
      const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
      copy.drawImage(canvas as HTMLCanvasElement, x - left, y - top)
      const { data } = copy.getImageData(0, 0, width, height)
      let ink = 0
      for (let at = 0; at < data.length; at += 4) if (data[at + 3]! > 0 && data[at]! < 200) ink++
      return ink
    },
    [x, y, width, height] as const,
  )
}

const seesInk = (person: Person, box: Box) => expect.poll(() => inkIn(person, box)).toBeGreaterThan(10)
const seesNoInk = (person: Person, box: Box) => expect.poll(() => inkIn(person, box)).toBe(0)

async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  await page.mouse.move(...from)
  await page.mouse.down()
  await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, { steps: 3 })
  await page.mouse.move(...to, { steps: 3 })
  await page.mouse.up()
}

/** Draws with the tool of this key, and lets go of what was drawn. */
async function draw({ page }: Person, key: string, [x, y, width, height]: Box): Promise<void> {
  await page.keyboard.press(key)
  await drag(page, [x, y], [x + width, y + height])
  await page.keyboard.press('Escape')
}

const status = ({ page }: Person) => page.locator('.status-text')
const button = ({ page }: Person, name: string | RegExp) => page.getByRole('button', { name })
const cursorOf = ({ page }: Person, name: string) => page.locator('.cursor', { hasText: name })
const toast = ({ page }: Person) => page.locator('.toast')

const square: Box = [400, 300, 120, 120]
/** Its left side, with some room for the hand-drawn look. */
const side = ([x, y, , height]: Box): Box => [x - 8, y + 20, 16, height - 40]

test('[S1] what one draws, moves and erases the other sees', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]

  await draw(a, 'r', square)
  await seesInk(b, side(square))
  await draw(b, 'o', [700, 300, 120, 120])
  await seesInk(a, [692, 350, 16, 20])
  await expect.poll(() => typesOf(boardId)).toEqual(['ellipse', 'rectangle'])

  await drag(a.page, [400, 360], [500, 560])
  const moved: Box = [500, 500, 120, 120]
  await seesInk(b, side(moved))
  await seesNoInk(b, side(square))

  await b.page.keyboard.press('e')
  await drag(b.page, [480, 560], [530, 560])
  await seesNoInk(a, side(moved))
  await expect.poll(() => typesOf(boardId)).toEqual(['ellipse'])
})

test('[S1] a stroke is seen while it is drawn', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]

  await a.page.keyboard.press('p')
  await a.page.mouse.move(300, 300)
  await a.page.mouse.down()
  await a.page.mouse.move(500, 400, { steps: 10 })
  await seesInk(b, [340, 310, 100, 60])
  await a.page.mouse.move(700, 300, { steps: 10 })
  await seesInk(b, [560, 310, 100, 60])
  await a.page.mouse.up()
  await expect.poll(() => typesOf(boardId)).toEqual(['freedraw'])
})

test('[S1] text arrives while it is typed', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  const texts = async () => Object.values((await shared(boardId)).elements).map(({ text }) => text)

  await a.page.keyboard.press('t')
  await a.page.mouse.click(400, 300)
  await a.page.keyboard.type('Hello')
  await expect.poll(texts).toEqual(['Hello'])
  await seesInk(b, [390, 280, 120, 50])
  await a.page.keyboard.type(' you')
  await a.page.keyboard.press('Escape')
  await expect.poll(texts).toEqual(['Hello you'])
})

test('[S1] what is in the hand does not jump, and whoever lets go last wins', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await draw(a, 'r', square)
  await seesInk(b, side(square))

  await a.page.mouse.move(400, 360)
  await a.page.mouse.down()
  await a.page.mouse.move(600, 360, { steps: 5 })
  await seesInk(b, side([600, 300, 120, 120]))
  await drag(b.page, [600, 360], [300, 560])
  await seesInk(b, side([300, 500, 120, 120]))
  await expect.poll(async () => Object.values((await shared(boardId)).elements)[0]?.x).toBeLessThan(400)
  await seesInk(a, side([600, 300, 120, 120]))

  await a.page.mouse.move(800, 360, { steps: 5 })
  await a.page.mouse.up()
  for (const person of [a, b]) {
    await seesInk(person, side([800, 300, 120, 120]))
    await seesNoInk(person, side([300, 500, 120, 120]))
  }
})

test('[P1] cursors appear with their names, follow the zoom, and vanish', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]

  await a.page.mouse.move(640, 426)
  await expect(cursorOf(b, 'Ada Lovelace')).toBeVisible()
  await expect(cursorOf(a, 'Ada Lovelace')).toHaveCount(0)
  await expect(b.page.getByRole('list', { name: '1 other person here' })).toBeVisible()

  await draw(a, 'r', square)
  await b.page.getByRole('button', { name: 'Zoom in' }).click()
  await expect(b.page.getByRole('button', { name: 'Reset zoom' })).toHaveText('110%')
  await expect(a.page.getByRole('button', { name: 'Reset zoom' })).toHaveText('100%')
  // The corner where Ada let go, where Ben now sees it: further from the middle of the canvas.
  await expect
    .poll(async () => {
      const at = await cursorOf(b, 'Ada Lovelace').boundingBox()
      return at && Math.round(at.x)
    })
    .toBe(Math.round(640 + (520 - 640) * 1.1))

  await a.page.mouse.move(640, 20)
  await expect(cursorOf(b, 'Ada Lovelace')).toHaveCount(0)
  await a.page.mouse.move(640, 400)
  await expect(cursorOf(b, 'Ada Lovelace')).toBeVisible()
  await people.splice(people.indexOf(a), 1)[0]!.leave()
  await expect(cursorOf(b, 'Ada Lovelace')).toHaveCount(0, { timeout: 1_500 })
  await expect(b.page.getByRole('list', { name: 'Nobody else is here' })).toBeAttached()
})

test('undo and redo are about one’s own drawing', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await draw(a, 'r', square)
  await seesInk(b, side(square))
  await draw(b, 'd', [700, 300, 120, 120])
  await expect.poll(() => typesOf(boardId)).toEqual(['diamond', 'rectangle'])

  await a.page.keyboard.press('Control+z')
  await expect.poll(() => typesOf(boardId)).toEqual(['diamond'])
  await seesNoInk(b, side(square))
  await a.page.keyboard.press('Control+z')
  await a.page.keyboard.press('Control+Shift+z')
  await expect.poll(() => typesOf(boardId)).toEqual(['diamond', 'rectangle'])
  await seesInk(b, side(square))

  await b.page.keyboard.press('Control+z')
  await expect.poll(() => typesOf(boardId)).toEqual(['rectangle'])
})

test('the board is exported as a picture', async ({ browser }) => {
  const a = await open(browser, newBoard(), ada)
  await button(a, 'Export PNG').click()
  await expect(toast(a)).toContainText('nothing on the board')

  await draw(a, 'r', square)
  const downloading = a.page.waitForEvent('download')
  await button(a, 'Export PNG').click()
  const download = await downloading
  expect(download.suggestedFilename()).toMatch(/^board-\d+\.png$/)
  const chunks: Buffer[] = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk)
  const picture = Buffer.concat(chunks)
  expect(picture.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  // 120 and a margin of 32 on each side, twice as fine.
  expect(picture.readUInt32BE(16)).toBeGreaterThan(2 * 180)
  expect(picture.readUInt32BE(16)).toBeLessThan(2 * 200)
})

test('[E1] a timer runs for everybody, whatever their clocks say', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await b.page.addInitScript(() => {
    const now = Date.now
    Date.now = () => now() + 3_600_000
  })
  await b.page.reload()
  await ready(b)

  await button(a, 'Timer').click()
  await button(a, '1 min').click()
  for (const person of [a, b]) await expect(button(person, /^Timer: (1:00|0:5\d) left$/)).toBeVisible()

  const room = await stranger(boardId)
  await expect(room.dispatch('timer.start', { seconds: 60 })).rejects.toMatchObject({ code: 'conflict' })
  await expect(room.dispatch('timer.start', { seconds: 1 })).rejects.toMatchObject({ code: 'invalid-input' })

  await button(b, /^Timer:/).click()
  await button(b, 'Stop the timer').click()
  for (const person of [a, b]) await expect(button(person, 'Timer')).toBeVisible()

  await room.dispatch('timer.start', { seconds: 5 })
  for (const person of [a, b]) {
    await expect(button(person, /^Timer: 0:0\d left$/)).toBeVisible()
  }
  for (const person of [a, b]) await expect(button(person, "Time's up")).toBeVisible()
})

test('[E6] each has as many dots as the vote gives, and the server counts', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await draw(a, 'r', square)
  await draw(a, 'o', [700, 300, 120, 120])
  await seesInk(b, side(square))

  await button(a, 'Dot vote').click()
  await button(a, '1 dot').click()
  await expect(button(b, 'Dot vote: 1 of 1 dots left')).toBeVisible()
  await button(a, 'Vote for Rectangle: 0 dots, 0 of them yours').click()
  await expect(button(b, 'Vote for Rectangle: 1 dot, 0 of them yours')).toBeVisible()
  await button(a, /^Vote for Ellipse/).click()
  await expect(toast(a)).toContainText('All your dots are placed')
  expect(Object.keys((await shared(boardId)).dots)).toHaveLength(1)

  await a.page.reload()
  await ready(a)
  await expect(button(a, 'Dot vote: 0 of 1 dots left')).toBeVisible()
  await button(a, 'Take a dot back from Rectangle').click()
  await button(a, 'Vote for Ellipse: 0 dots, 0 of them yours').click()

  const room = await stranger(boardId)
  const [elementId] = room.state.elements.keys()
  expect(await room.dispatch('vote.cast', { elementId: elementId! })).toEqual({ dotsLeft: 0 })
  await expect(room.dispatch('vote.cast', { elementId: elementId! })).rejects.toMatchObject({
    code: 'conflict',
  })
  expect(() => room.state.dots.set(elementId!, { me: 99 })).toThrow(/Only handlers write/)
  await expect(room.dispatch('vote.open', { dotsEach: 5 })).rejects.toMatchObject({ code: 'conflict' })

  await button(b, /^Vote for Ellipse/).click()
  await button(b, /^Dot vote/).click()
  await button(b, 'Close the vote').click()
  await expect(b.page.getByRole('dialog', { name: 'Dot vote' }).getByRole('listitem').first()).toBeVisible()
  await expect(a.page.getByRole('img', { name: /^Ellipse: \d dots?$/ })).toBeVisible()
  await button(b, 'Clear the dots').click()
  await expect(button(a, 'Dot vote')).toBeVisible()
  expect((await shared(boardId)).dots).toEqual({})
})

test('[S3] offline one draws on, and it is shared when the line is back', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await draw(a, 'r', square)
  await seesInk(b, side(square))
  await expect(status(a)).toHaveText('Saved')

  await a.goOffline()
  await expect(status(a)).toHaveText(/^(Offline|Reconnecting)$/)
  await draw(a, 'd', [700, 300, 120, 120])
  await expect(status(a)).toHaveText(/^(Offline|Reconnecting): \d+ changes? waits? here$/)
  await draw(b, 'o', [700, 500, 120, 120])
  await expect.poll(() => typesOf(boardId)).toEqual(['ellipse', 'rectangle'])
  await button(a, 'Timer').click()
  await button(a, '5 min').click()

  await a.goOnline()
  await expect(status(a)).toHaveText('Saved')
  await expect.poll(() => typesOf(boardId)).toEqual(['diamond', 'ellipse', 'rectangle'])
  await seesInk(a, [692, 550, 16, 20])
  await seesInk(b, [692, 350, 20, 20])
  for (const person of [a, b]) await expect(button(person, /^Timer: [45]:\d\d left$/)).toBeVisible()
})

test('[S2] a server that is killed while somebody draws loses nothing of it', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await draw(b, 'r', square)
  await seesInk(a, side(square))
  await expect(status(b)).toHaveText('Saved')

  await a.page.keyboard.press('p')
  await a.page.mouse.move(600, 300)
  await a.page.mouse.down()
  await a.page.mouse.move(700, 400, { steps: 10 })
  await seesInk(b, [620, 310, 60, 60])
  await showcase.kill()
  await a.page.mouse.move(800, 300, { steps: 10 })
  await expect(status(a)).toHaveText(/^(Offline|Reconnecting)/)
  await a.page.mouse.move(900, 400, { steps: 10 })
  await showcase.restart()
  await a.page.mouse.move(1000, 300, { steps: 10 })
  await a.page.mouse.up()

  for (const person of [a, b]) await expect(status(person)).toHaveText('Saved', { timeout: 20_000 })
  await expect.poll(() => typesOf(boardId)).toEqual(['freedraw', 'rectangle'])
  for (const x of [620, 720, 820, 920]) await seesInk(b, [x, 310, 60, 60])
  await draw(b, 'd', [700, 500, 120, 120])
  await seesInk(a, [692, 550, 20, 20])
})

test('images are shared, if they are small', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]

  await dropImage(a, 120, 120, false)
  await expect.poll(() => inkIn(b, [620, 400, 40, 40])).toBe(40 * 40)
  expect(Object.keys((await shared(boardId)).files)).toHaveLength(1)
  await a.page.reload()
  await ready(a)
  await expect.poll(async () => (await typesOf(boardId)).length).toBe(1)

  await dropImage(a, 800, 800, true)
  await expect(toast(a)).toContainText('1 MB at most')
  await expect.poll(() => typesOf(boardId)).toEqual(['image'])
})

/** Drops a picture on the middle of the board: a black one, or one of noise, which does not compress. */
async function dropImage({ page }: Person, width: number, height: number, noisy: boolean): Promise<void> {
  const transfer = await page.evaluateHandle(
    async ([width, height, noisy]) => {
      const canvas = new OffscreenCanvas(width, height)
      const context = canvas.getContext('2d')!
      const image = context.createImageData(width, height)
      let state = 1
      for (let at = 0; at < image.data.length; at++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
        image.data[at] = at % 4 === 3 ? 255 : noisy ? state >>> 24 : 0
      }
      context.putImageData(image, 0, 0)
      const transfer = new DataTransfer()
      transfer.items.add(new File([await canvas.convertToBlob()], 'picture.png', { type: 'image/png' }))
      return transfer
    },
    [width, height, noisy] as const,
  )
  const at = { clientX: 640, clientY: 420, dataTransfer: transfer }
  await page.locator('canvas.interactive').dispatchEvent('drop', at)
}

test('[G2] an element that no Excalidraw would draw is not shown, and breaks nobody’s board', async ({
  browser,
}) => {
  const boardId = newBoard()
  const a = await open(browser, boardId, ada)
  const room = await stranger(boardId)
  room.doc.getMap('elements').set('bad', { id: 'bad', type: 'freedraw', x: 0, y: 0, points: null })
  room.doc.getMap('elements').set('worse', 7)

  await draw(a, 'r', square)
  await expect.poll(() => typesOf(boardId)).toEqual(['rectangle'])
  await seesInk(a, side(square))
})

test('a phone has room for all of it', async ({ browser }) => {
  const boardId = newBoard()
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
  const a = await open(browser, boardId, { ...ada, ...phone, colorScheme: 'dark' })
  const b = await open(browser, boardId, ben)

  await button(a, 'Timer').tap()
  await button(a, '10 min').tap()
  await button(a, 'Dot vote').tap()
  await button(a, '3 dots').tap()
  await expect(button(a, /^Dot vote: 3 of 3/)).toBeVisible()

  const bar = (await a.page.locator('.app-bar').boundingBox())!
  const tools = (await a.page.locator('.App-toolbar--mobile').boundingBox())!
  expect(bar.y + bar.height).toBeLessThanOrEqual(tools.y)
  for (const control of await a.page.locator('.app-bar button:visible').all()) {
    const box = (await control.boundingBox())!
    expect(box.x).toBeGreaterThanOrEqual(0)
    expect(box.x + box.width).toBeLessThanOrEqual(390)
    expect(box.height).toBeGreaterThanOrEqual(32)
  }
  expect(await a.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await expect(a.page.locator('.excalidraw.theme--dark')).toBeVisible()

  await a.page.locator('label', { has: a.page.getByTestId('toolbar-rectangle') }).tap()
  await drag(a.page, [100, 300], [250, 450])
  await expect.poll(() => typesOf(boardId)).toEqual(['rectangle'])
  await expect(button(b, /^Vote for Rectangle/)).toBeAttached()
  await button(a, 'Board menu').click()
  await expect(button(a, 'Copy link')).toBeVisible()
})

test('who gives themselves another name is called that by all', async ({ browser }) => {
  const boardId = newBoard()
  const [a, b] = [await open(browser, boardId, ada), await open(browser, boardId, ben)]
  await a.page.mouse.move(640, 400)
  await expect(cursorOf(b, 'Ada Lovelace')).toBeVisible()
  await button(a, /^You are Ada/).click()
  await a.page.getByRole('textbox', { name: 'Name' }).fill('Countess')
  await a.page.keyboard.press('Escape')
  await a.page.mouse.move(600, 420)
  await expect(cursorOf(b, 'Countess')).toBeVisible()
})
