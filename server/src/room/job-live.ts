import type { LiveValues } from '../live/live-values.ts'

type Code = (...args: unknown[]) => unknown
type Handles = Readonly<Record<string, Readonly<Record<string, Code>>>>

/** The live values for a job: it reads what is there, and each change is a step of its own. */
export function jobLive(
  values: LiveValues,
  change: (step: (context: never) => unknown) => Promise<unknown>,
): object {
  const handles = Object.create(null) as Record<string, Record<string, Code>>
  for (const name of values.names) {
    const stepOf =
      (method: string): Code =>
      (...args) =>
        change(({ live }: { live: Handles }) => live[name]![method]!(...args))
    handles[name] = {
      get: (...args) => (values.begin(() => false).handles as unknown as Handles)[name]!.get!(...args),
      set: stepOf('set'),
      update: stepOf('update'),
      delete: stepOf('delete'),
    }
  }
  return handles
}
