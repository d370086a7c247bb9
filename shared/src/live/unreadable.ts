/** What nobody wrote, thrown. One for all: a client carries no explanations of what only an attacker sends. */
export const unreadable: Error = new RangeError('it was not written by a server')
