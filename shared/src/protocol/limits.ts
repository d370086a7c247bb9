/** The version that `Hello` offers and `Welcome` confirms. A peer of another version is told `unsupported`. */
export const protocolVersion = 1

/** Bytes of the longest room name on the wire. */
export const maxRoomNameBytes = 512

/** Characters of the longest event id (`Idempotency-Key`). */
export const maxEventIdLength = 128

/** Characters of the longest event name. */
export const maxEventNameLength = 128
