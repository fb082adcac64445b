/**
 * Where 64-bit numbers are put together and taken apart: shifting bigints would make four of them for each field.
 * Nothing in it outlives a call.
 */
const scratch = new DataView(new ArrayBuffer(8));

/** The 64-bit number of two 32-bit halves. */
export function joinHalves(high: number, low: number): bigint {
  scratch.setUint32(0, high);
  scratch.setUint32(4, low);
  return scratch.getBigUint64(0);
}

/** Hands the two 32-bit halves of a 64-bit number on. The caller has checked its range. */
export function splitHalves(value: bigint, take: { raw32(half: number): void }): void {
  scratch.setBigUint64(0, value);
  take.raw32(scratch.getUint32(0));
  take.raw32(scratch.getUint32(4));
}
