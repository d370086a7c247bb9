import { Command, InvalidArgumentError } from 'commander'
import { loadEntries } from '../deploy/load.ts'
import { watchEntries } from '../deploy/watch.ts'
import type { UpdateLog } from '../log/log.ts'
import { memoryLog } from '../log/memory.ts'
import { sqliteLog } from '../log/sqlite.ts'
import { createLogger, type Logger } from '../observe/logging.ts'
import { createServer, type InterplayServer } from '../server.ts'
import type { Authenticate } from '../session/admit.ts'
import { anonymous, jwt } from '../session/authenticate.ts'

interface StartOptions {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly log: 'sqlite' | 'memory'
  readonly authSecret?: string
  readonly jwks?: string
  readonly anonymous?: boolean
  readonly closeDeadline: number
}

const program = new Command('interplay').description('Shared rooms that merge, typed events that run once.')

addOptions(program.command('start').description('serve rooms')).action(
  (entries: string[], options: StartOptions) => run(entries, options, false),
)
addOptions(program.command('dev').description('serve rooms, and swap their code when it changes')).action(
  (entries: string[], options: StartOptions) => run(entries, options, true),
)

try {
  await program.parseAsync()
} catch (error) {
  console.error(`interplay: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

function addOptions(command: Command): Command {
  return command
    .argument(
      '[entry...]',
      'modules whose default export is an implementation or an array of them; none: open rooms',
    )
    .option('--port <number>', 'port to listen on; 0 takes a free one', whole, 8787)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data <folder>', 'where the SQLite log lives', './.interplay')
    .option('--log <kind>', 'sqlite or memory', logKind, 'sqlite')
    .option(
      '--auth-secret <secret>',
      'verify JSON Web Tokens with this shared secret (INTERPLAY_AUTH_SECRET)',
    )
    .option('--jwks <url>', 'verify JSON Web Tokens with the keys at this URL')
    .option('--anonymous', 'let everybody in who can connect')
    .option('--close-deadline <ms>', 'time that a shutdown may take to save everything', whole, 10_000)
}

async function run(entries: string[], options: StartOptions, watching: boolean): Promise<void> {
  const logger = createLogger()
  const auth = authenticator(options)
  const server = createServer({
    rooms: await loadEntries(entries, 0),
    ...(auth && { auth }),
    log: openLog(options),
    logger,
    closeDeadlineMs: options.closeDeadline,
  })
  const port = await server.listen(options.port, options.host).catch((error) => {
    if (!auth && error.code === 'unauthorized') throw new Error(needsAuth(options.host))
    throw error
  })
  const rooms = entries.length === 0 ? 'open rooms' : entries.join(', ')
  console.log(`Interplay listens on http://${options.host}:${port} (${rooms}; log: ${options.log})`)
  const stopWatching = watching ? swapOnChange(server, entries, logger) : () => {}
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void stop(server, stopWatching))
}

function needsAuth(host: string): string {
  return `on ${host} anybody could enter: pass --auth-secret or --jwks to verify tokens, or --anonymous if that is meant.`
}

async function stop(server: InterplayServer, stopWatching: () => void): Promise<void> {
  stopWatching()
  const unsaved = await server.close()
  for (const { room, entries } of unsaved) console.error(`interplay: not saved: ${room} (${entries} entries)`)
  process.exit(unsaved.length === 0 ? 0 : 1)
}

function swapOnChange(server: InterplayServer, entries: string[], logger: Logger): () => void {
  let version = 0
  return watchEntries(entries, () => {
    version += 1
    loadEntries(entries, version).then(
      (rooms) => {
        server.replace(rooms)
        logger.info({ version, entries }, 'the new code runs')
      },
      (error) => logger.error({ error: String(error) }, 'the new code does not load: the old one goes on'),
    )
  })
}

function authenticator({
  authSecret = process.env.INTERPLAY_AUTH_SECRET,
  jwks,
  anonymous: open,
}: StartOptions) {
  const chosen: Authenticate[] = []
  if (authSecret) chosen.push(jwt({ secret: authSecret }))
  if (jwks) chosen.push(jwt({ jwks }))
  if (open) chosen.push(anonymous())
  if (chosen.length > 1) throw new Error('Choose one of --auth-secret, --jwks and --anonymous.')
  return chosen[0]
}

function openLog({ log, data }: StartOptions): UpdateLog {
  return log === 'memory' ? memoryLog() : sqliteLog(data)
}

function whole(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('It is a whole number.')
  return number
}

function logKind(text: string): 'sqlite' | 'memory' {
  if (text === 'sqlite' || text === 'memory') return text
  throw new InvalidArgumentError("It is 'sqlite' or 'memory'.")
}
