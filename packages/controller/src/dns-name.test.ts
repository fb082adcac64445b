import { fromHex } from '@linecard/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { questionName } from './dns-name.js';

// dig xyzzy.example.com, as it goes out.
const query = fromHex(
  '1234 0120 0001 0000 0000 0001 0578797a7a79 076578616d706c65 03636f6d 00 0001 0001 0000291000000000000000',
);

describe('name in a DNS question', () => {
  it('is read', () => {
    expect(questionName(query)).toBe('xyzzy.example.com');
  });

  it('is none in a response, without question, or behind a pointer', () => {
    const changed = (at: number, ...bytes: number[]) => {
      const copy = query.slice();
      copy.set(bytes, at);
      return questionName(copy);
    };
    expect(changed(2, 0x81)).toBeUndefined();
    expect(changed(4, 0, 0)).toBeUndefined();
    expect(changed(12, 0xc0, 12)).toBeUndefined();
    expect(changed(12, 0)).toBeUndefined();
  });

  it('is none when cut short, at every byte', () => {
    for (let end = 0; end < query.length; end++) expect(questionName(query.subarray(0, end))).toBeUndefined();
  });

  it('is found or not in anything, but always soon', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => typeof questionName(bytes) !== 'object'));
  });
});
