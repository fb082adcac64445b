import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { formatMac, parseIp, toHex } from '@linecard/wire';

/**
 * The MAC address of who has these addresses: made of the IPv4 address as Docker makes it (`02:42` and its bytes), else
 * of the others. Locally administered; the same address has the same one on every host, so that nobody's memory of it
 * is ever wrong.
 */
export function macOf(addresses: readonly string[]): string {
  const v4 = addresses.find((address) => isIPv4(address));
  if (v4 !== undefined) return `02:42:${toHex(parseIp(v4), ':')}`;
  const digest = createHash('sha256').update(addresses.join(' ')).digest();
  return formatMac(Uint8Array.from([0x02, ...digest.subarray(0, 5)]));
}
