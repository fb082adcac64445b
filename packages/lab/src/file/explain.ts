import type { z } from 'zod';
import { didYouMean } from './suggest.js';

/** What is wrong with a value, and how it is written. */
export interface Explanation {
  readonly text: string;
  readonly hint: string | undefined;
}

const forms: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  array: ['a list', 'write [one, two], or a line "- one" for each'],
  object: ['a map', 'write "key: value" in lines of their own below it'],
  record: ['a map', 'write "key: value" in lines of their own below it'],
  number: ['a number', 'write it without quotes'],
  int: ['a whole number', 'write it without quotes and point'],
  boolean: ['true or false', 'write it without quotes'],
  string: ['text', 'put it in quotes'],
};

const formats: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ipv4: ['an IPv4 address', 'write it as 172.20.20.11, without a prefix length'],
  ipv6: ['an IPv6 address', 'write it as 3fff:172:20:20::11, without a prefix length'],
};

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** Says in words what the check of a value has found. */
export function explain(issue: z.core.$ZodIssue, value: unknown): Explanation {
  const is = `${shown(value)} is not`;
  const must = ([what, hint]: readonly [string, string | undefined]) => ({ text: `${is} ${what}`, hint });
  switch (issue.code) {
    case 'invalid_type':
      return must(forms[issue.expected] ?? [issue.expected, undefined]);
    case 'invalid_value': {
      const known = issue.values.map(String);
      return { text: `${is} known here`, hint: didYouMean(String(value), known) ?? `write ${known.join(', ')}` };
    }
    case 'too_small':
      return { text: `${shown(value)} is too small`, hint: `the least is ${issue.minimum}` };
    case 'too_big':
      return { text: `${shown(value)} is too large`, hint: `the most is ${issue.maximum}` };
    case 'invalid_format':
      return formats[issue.format] === undefined
        ? { text: `${shown(value)} ${issue.message}`, hint: undefined }
        : must(formats[issue.format]!);
    case 'invalid_union': {
      const expected = issue.errors.flat().flatMap((one) => (one.code === 'invalid_type' ? [one.expected] : []));
      const what = [...new Set(expected)].map((one) => forms[one]?.[0] ?? one).join(' or ');
      return { text: `${is} ${what}`, hint: forms[expected.at(-1) ?? '']?.[1] };
    }
    default:
      return { text: `${shown(value)}: ${issue.message}`, hint: undefined };
  }
}
