import { describe, expect, it } from 'vitest';
import { hasOvs, printFirstLines } from '../test/ovs.js';
import { encode, errorName } from './index.js';
import { versionTables } from './messages/tables.js';
import { titleOf } from './text/titles.js';

function message(version: number, type: number, ...words: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(8 + 4 * words.length);
  bytes.set([version, type, 0, bytes.length, 0, 0, 0, 1]);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 8 + 4 * i);
  return bytes;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const experimenters: readonly (readonly [number, readonly number[]])[] = [
  [0x2320, upTo(200)],
  [0x4f4e_4600, upTo(1000, 1800)],
];

/** Messages of every type, kind and subtype that there might be, without bodies. */
function probes(version: number): Uint8Array[] {
  const [request, reply] = version === 1 ? [16, 17] : [18, 19];
  const padding = version === 1 ? [] : [0];
  const behind = version === 1 ? [0] : [];
  const plain = upTo(40).filter((type) => type !== 4 && type !== request && type !== reply);
  const kinds = [request, reply].flatMap((type) => [
    ...upTo(30).map((kind) => message(version, type, kind * 0x10000, ...padding)),
    ...experimenters.flatMap(([experimenter, subtypes]) =>
      subtypes.map((subtype) => message(version, type, 0xffff_0000, ...padding, experimenter, subtype, ...behind)),
    ),
  ]);
  const others = experimenters.flatMap(([experimenter, subtypes]) =>
    subtypes.map((subtype) => message(version, 4, experimenter, subtype)),
  );
  return [...plain.map((type) => message(version, type)), ...kinds, ...others];
}

describe.skipIf(!hasOvs)('the tables', () => {
  it.each([1, 4, 5, 6])('of version %i have every message that Open vSwitch knows, under its name', (version) => {
    const messages = probes(version);
    const lines = printFirstLines(messages);
    let known = 0;
    messages.forEach((bytes, i) => {
      const line = lines[i]!;
      if (/OFPBRC_BAD_(TYPE|STAT|SUBTYPE|VENDOR)/.test(line)) return;
      known++;
      const title = titleOf(bytes);
      expect(title, Buffer.from(bytes).toString('hex')).toBeDefined();
      // Where the message is whole without a body, Open vSwitch says its name.
      if (!line.startsWith('***')) expect(line.startsWith(title!), `${line} is ${title} here`).toBe(true);
    });
    expect(known).toBeGreaterThan(50);
  });

  it('name the errors as Open vSwitch does', () => {
    const standard = [1, 4, 5, 6].flatMap((version) =>
      upTo(20).flatMap((type) => upTo(20).map((code) => ({ version, type, code, data: new Uint8Array(0) }))),
    );
    const nicira10 = upTo(8).flatMap((type) =>
      upTo(700).map((code) => {
        const data = Buffer.from([0, 0, 0x23, 0x20, 0, type, code >> 8, code & 0xff]);
        return { version: 1, type: 0xb0c2, code: 0, data };
      }),
    );
    const nicira13 = upTo(60).map((code) => ({ version: 4, type: 0xffff, code, data: Buffer.from('00002320', 'hex') }));
    const onf13 = upTo(3000, 2000).map((code) => ({
      version: 4,
      type: 0xffff,
      code,
      data: Buffer.from('4f4e4600', 'hex'),
    }));
    const errors = [...standard, ...nicira10, ...nicira13, ...onf13];
    const lines = printFirstLines(
      errors.map(({ version, type: error_type, code: error_code, data }) =>
        encode({ type: 'error', version: version as 1, error_type, error_code, data }),
      ),
    );
    let known = 0;
    errors.forEach(({ version, type, code, data }, i) => {
      const name = lines[i]!.replace(/^.*: /, '');
      // Open vSwitch takes the errors of properties in 1.3 for those of table features, which are from 1.4 on.
      if (!/^(OFP|NX)\w+$/.test(name) || (version === 4 && type === 13)) return;
      known++;
      expect(errorName(version, type, code, data), `${version} ${type} ${code}`).toBe(name);
    });
    expect(known).toBeGreaterThan(500);
  });

  it('have no type, kind or subtype twice', () => {
    for (const tables of versionTables) {
      const groups = [
        tables.messages,
        tables.multipart,
        ...tables.experimenters.map(({ rows }) => rows),
        ...tables.multipartExperimenters.map(({ rows }) => rows),
      ];
      for (const rows of groups) expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
      const names = groups.flatMap((rows) => rows.map(({ name }) => name));
      const [messages, kinds] = [tables.messages.length, tables.multipart.length];
      expect(new Set(names.slice(0, messages)).size).toBe(messages);
      expect(new Set(names.slice(messages, messages + kinds)).size).toBe(kinds);
    }
  });
});
