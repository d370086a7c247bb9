import { type Logger as PinoLogger, pino } from 'pino'

/** What the runtime logs through: a pino logger or anything with the same four methods. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>

/** JSON lines on standard error, so that standard output stays the program's own. */
export function createLogger(level: string = process.env.LOG_LEVEL ?? 'info'): Logger {
  return pino({ name: 'interplay', level }, pino.destination(2))
}
