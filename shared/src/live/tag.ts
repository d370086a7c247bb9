// What a value begins with, in one byte. From `small` on it is a whole number by itself.
export const none = 0
export const no = 1
export const yes = 2
export const integer = 3
export const float32 = 4
export const float64 = 5
export const text = 6
export const array = 7
export const object = 8
export const bytes = 9

// What only changes have.
export const removed = 10
export const inObject = 11
export const inArray = 12
export const inBytes = 13

export const small = 64
