/** The 16 bits at `at`, network byte order; the caller has checked the bounds. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** The 32 bits at `at` as an unsigned number; the caller has checked the bounds. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** A part of `bytes` from `start` to `end`, cut where the bytes end: a captured packet may be shorter than it says. */
export function cut(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.subarray(start, Math.max(start, Math.min(end, bytes.length)));
}
