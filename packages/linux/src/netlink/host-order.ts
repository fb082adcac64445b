import { endianness } from 'node:os';

/**
 * Netlink integers stand in the byte order of the host. Every platform that this software runs on is little endian;
 * {@link assertLittleEndian} refuses to go on elsewhere instead of writing nonsense into the kernel.
 */
export const LITTLE = true;

/** Throws when the host is big endian. */
export function assertLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('netlink messages are written for little-endian hosts only');
}

/** Netlink aligns messages and attributes to 4 bytes (NLMSG_ALIGN, NLA_ALIGN). */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

/** A DataView of exactly the given bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
