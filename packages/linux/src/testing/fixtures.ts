import { readFileSync } from 'node:fs';
import { fromHex } from '@linecard/wire';

/** Datagrams that a real kernel sent (scripts/capture-fixtures.mjs), by their title, in order. */
export function capturedDatagrams(title?: string): Uint8Array[] {
  const lines = readFileSync(new URL('../fixtures/rtnetlink.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const wanted = lines.map((line) => line.split(' ')).filter(([name]) => title === undefined || name === title);
  return wanted.map(([, hex]) => fromHex(hex!));
}
