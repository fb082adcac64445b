import { expect, it } from 'vitest';
import { substituteEnvironment } from './environment.js';

/** In these tests `@` stands for the dollar sign. */
const dollars = (text: string) => text.replaceAll('@', '$');
const env = { A: 'one', EMPTY: '' };

it.each([
  ['@{A} @A @{A}x', 'one one onex'],
  ['@{NO:-d} @{NO-d} @{NO:=d} @{NO=d}', 'd d d d'],
  ['[@{EMPTY}] [@{EMPTY:-d}] [@{EMPTY-d}]', '[] [d] []'],
  ['[@{A:+o}] [@{NO:+o}] [@{EMPTY+o}] [@{EMPTY:+o}]', '[o] [] [o] []'],
  ['@@A @@{A}', '@A @{A}'],
  ['@{NO} @NO @1@salt 5@', '@{NO} @NO @1@salt 5@'],
])('replaces %s', (text, wanted) =>
  expect(substituteEnvironment('f.yml', dollars(text), env).text).toBe(dollars(wanted)),
);

it('says which variable in braces is not set', () => {
  expect(substituteEnvironment('f.yml', dollars('a\n@{NO} @NO'), env).warnings).toEqual([
    dollars('f.yml:2: the variable @{NO} is not set and stays as it is'),
  ]);
});
