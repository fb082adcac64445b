import { createHash } from 'node:crypto';
import type { Uuid } from '@linecard/ovsdb';

/**
 * The row identity that stands for these words: the same on every host, so that the database refuses a second row for
 * the same thing (RFC 9562, section 5.8).
 */
export function rowIdentity(...words: readonly string[]): Uuid {
  const hex = createHash('sha256').update(words.join('\0')).digest('hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return [...groups, hex.slice(20, 32)].join('-') as Uuid;
}
