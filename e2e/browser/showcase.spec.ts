import { get } from 'node:http'
import { expect, test } from '@playwright/test'
import { enter, type Showcase, startShowcase } from './world.ts'

let showcase: Showcase

test.beforeAll(async () => {
  showcase = await startShowcase()
})
test.afterAll(() => showcase?.[Symbol.asyncDispose]())

const ada = { name: 'Ada Lovelace' }

test('the index shows who is inside and what is there, and leads in', async ({ browser }) => {
  const index = await enter(browser, showcase, '/', ada)
  await expect(index.page.getByRole('heading', { level: 1 })).toHaveText(/State merges anywhere/)
  await expect(index.page.getByText('Nobody inside')).toHaveCount(2)

  const writer = await enter(browser, showcase, '/editor/?doc=welcome', { name: 'Bob Noyce' })
  await writer.page.getByRole('textbox', { name: 'Title' }).fill('On the front page')
  await expect(index.page.getByText('1 inside')).toBeVisible()
  await expect(index.page.getByText('On the front page')).toBeVisible()

  await index.page.getByRole('link', { name: 'Editor' }).click()
  await expect(index.page.getByRole('textbox', { name: 'Title' })).toHaveValue('On the front page')
  // Whoever only looked in from the index was never there.
  await expect(writer.page.locator('.people li')).toHaveCount(1)
  await index.page.getByRole('link', { name: /Interplay/ }).click()
  await expect(index.page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(writer.page.locator('.people li')).toHaveCount(0)
  for (const person of [index, writer]) await person.leave()
})

test('the index fits a phone, in the dark too', async ({ browser }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }
    const index = await enter(browser, showcase, '/', { ...ada, ...phone, colorScheme })
    await expect(index.page.getByRole('link', { name: 'Whiteboard' })).toBeVisible()
    expect(await index.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    const background = colorScheme === 'dark' ? 'rgb(17, 18, 21)' : 'rgb(247, 247, 248)'
    await expect(index.page.locator('html')).toHaveCSS('background-color', background)
    await index.leave()
  }
})

test('files have types, caches and limits, and nothing outside is served', async ({ request }) => {
  const at = (path: string) => `http://127.0.0.1:${showcase.port}${path}`
  const page = await request.get(at('/editor/'))
  expect(page.headers()).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'content-encoding': 'gzip',
  })
  const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(await page.text())?.[1]
  const asset = await request.get(at(`/editor/${script}`))
  expect(asset.headers()).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  })
  const etag = asset.headers().etag ?? ''
  const again = await request.get(at(`/editor/${script}`), { headers: { 'if-none-match': etag } })
  expect(again.status()).toBe(304)

  const moved = await request.get(at('/editor?doc=a'), { maxRedirects: 0 })
  expect([moved.status(), moved.headers().location]).toEqual([308, '/editor/?doc=a'])
  expect((await request.post(at('/editor/'))).status()).toBe(405)

  for (const path of [
    '/nothing',
    '/editor/../server.ts',
    '/editor/..%2f..%2fpackage.json',
    '/editor/%2e%2e/%2e%2e/package.json',
    '/..%5cserver.ts',
    '/editor/%00',
    '/editor/%zz',
    '//etc/passwd',
  ])
    expect(await statusOf(path), path).toBe(404)
})

test('SIGTERM ends the server in order, and what was saved is there again', async ({ browser }) => {
  const writer = await enter(browser, showcase, '/editor/?doc=drain', ada)
  await writer.page.getByRole('textbox', { name: 'Title' }).fill('Kept')
  await expect(writer.page.locator('.status-text')).toHaveText('Saved')
  expect(await showcase.stop()).toBe(0)
  await showcase.restart()
  await writer.page.reload()
  await expect(writer.page.getByRole('textbox', { name: 'Title' })).toHaveValue('Kept')
  await writer.leave()
})

/** Sends the path as it stands here, without the tidying that browsers do. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: showcase.port, path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject)
  })
}
