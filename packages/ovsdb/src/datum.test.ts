import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AtomKind,
  type AtomValue,
  applyDiff,
  type ColumnCode,
  columnType,
  decode,
  encode,
  sameValue,
  type Value,
} from './datum.js';
import { NamedRef } from './ref.js';

const atoms: Record<AtomKind, fc.Arbitrary<AtomValue>> = {
  integer: fc.maxSafeInteger(),
  real: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  boolean: fc.boolean(),
  string: fc.string({ unit: 'grapheme' }),
  uuid: fc.uuid(),
};
const kinds = Object.keys(atoms) as AtomKind[];
const sort = (values: AtomValue[]) => [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));

/** A column code with a value for it. */
const column = fc.constantFrom(...kinds).chain((key) =>
  fc.oneof(
    atoms[key].map((value): [ColumnCode, Value] => [key, value]),
    fc.option(atoms[key], { nil: undefined }).map((value): [ColumnCode, Value] => [`${key}?`, value]),
    fc.array(atoms[key]).map((values): [ColumnCode, Value] => [`${key}*`, sort(values)]),
    fc
      .constantFrom(...kinds)
      .chain((kind) =>
        fc
          .array(fc.tuple(atoms[key], atoms[kind]))
          .map((pairs): [ColumnCode, Value] => [`${key}:${kind}`, new Map(pairs)]),
      ),
  ),
);

describe('column values', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(column, ([code, value]) => {
        const type = columnType(code);
        const wire = JSON.parse(JSON.stringify(encode(type, value)));
        expect(sameValue(decode(type, wire), value)).toBe(true);
      }),
    );
  });

  it('take a set of one as the element itself', () => {
    expect(decode(columnType('uuid*'), ['uuid', 'a'])).toEqual(['a']);
    expect(decode(columnType('string?'), 'set')).toBe('set');
    expect(decode(columnType('string?'), ['set', []])).toBeUndefined();
  });

  it('keep sets sorted and each element once', () => {
    expect(decode(columnType('integer*'), ['set', [10, 9, 2, 9]])).toEqual([2, 9, 10]);
  });

  it.each([
    ['integer', '1'],
    ['string', 1],
    ['uuid', 'a'],
    ['uuid', ['uuid', 1]],
    ['boolean', null],
    ['integer*', ['set', 1]],
    ['integer?', ['set', [1, 2]]],
    ['string:string', ['set', []]],
    ['string:string', ['map', [['a']]]],
    ['string', undefined],
  ] as [ColumnCode, unknown][])('refuse as %s from outside: %j', (code, wire) => {
    expect(() => decode(columnType(code), wire)).toThrow(/expected/);
  });

  it.each([
    ['integer', 1.5],
    ['integer', 2 ** 60],
    ['real', Number.NaN],
    ['string', undefined],
    ['uuid*', 'a'],
    ['string:string', ['a']],
  ] as [ColumnCode, unknown][])('refuse to write as %s: %s', (code, value) => {
    expect(() => encode(columnType(code), value)).toThrow(/expected/);
  });

  it('name rows of their own transaction only', () => {
    const owner = {};
    const ref = new NamedRef(owner, 'row0', 0);
    expect(encode(columnType('uuid*'), [ref], owner)).toEqual(['set', [['named-uuid', 'row0']]]);
    expect(() => encode(columnType('uuid'), ref, {})).toThrow(/another transaction/);
  });

  it('refuse an unknown type', () => {
    expect(() => columnType('float' as ColumnCode)).toThrow(/not a column type/);
  });
});

describe('differences', () => {
  const numbers = fc
    .array(fc.integer({ min: 0, max: 60 }), { maxLength: 50 })
    .map((values) => sort(values) as number[]);

  it('of sets toggle elements', () => {
    fc.assert(
      fc.property(numbers, numbers, (before, after) => {
        const differing = [...before.filter((n) => !after.includes(n)), ...after.filter((n) => !before.includes(n))];
        expect(applyDiff(columnType('integer*'), before, ['set', differing])).toEqual(after);
      }),
    );
  });

  it('of maps remove equal pairs and set the others', () => {
    const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(map, map, (before, after) => {
        const removed = Object.entries(before).filter(([key]) => !(key in after));
        const set = Object.entries(after).filter(([key, value]) => before[key] !== value);
        const result = applyDiff(columnType('string:string'), new Map(Object.entries(before)), [
          'map',
          [...removed, ...set],
        ]);
        expect(sameValue(result, new Map(Object.entries(after)))).toBe(true);
      }),
    );
  });

  it('of single values replace them', () => {
    expect(applyDiff(columnType('integer?'), 3, 4)).toBe(4);
    expect(applyDiff(columnType('integer?'), 3, ['set', []])).toBeUndefined();
    expect(applyDiff(columnType('string'), 'a', 'b')).toBe('b');
  });
});
