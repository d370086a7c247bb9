/**
 * Goes on with a result when it is there: at once for code that returned one, later for a promise. Most handlers return at
 * once, and an event that waits for nothing costs no promise.
 */
export function when<T, R>(
  run: () => T | PromiseLike<T>,
  then: (result: T) => R | PromiseLike<R>,
  failed: (error: unknown) => R,
): R | Promise<R> {
  let result: T | PromiseLike<T>
  try {
    result = run()
  } catch (error) {
    return failed(error)
  }
  if (isPromiseLike(result)) return Promise.resolve(result).then(then, failed)
  return then(result) as R | Promise<R>
}

export function isPromiseLike<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return typeof (result as Partial<PromiseLike<T>> | null | undefined)?.then === 'function'
}
