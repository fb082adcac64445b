import type { Action } from '../actions/index.js';
import type { LearnSpec } from '../actions/learn.js';
import { encodingOf } from '../oxm.js';
import { matchOfItems } from './match-parse.js';
import { badText, bitsOf, rowOf } from './names.js';
import { type Item, splitItems } from './split.js';
import { type Bits, parseBits } from './subfields.js';
import { parseInteger, parseNumber, toBigInt, toBytes } from './values.js';

const numbers = {
  table: 'table_id',
  idle_timeout: 'idle_timeout',
  hard_timeout: 'hard_timeout',
  fin_idle_timeout: 'fin_idle_timeout',
  fin_hard_timeout: 'fin_hard_timeout',
  priority: 'priority',
} as const;
const flags: Readonly<Record<string, number>> = { send_flow_rem: 1, delete_learned: 2 };
const writesResult = 4;

function bitsOfField({ field, start }: Bits) {
  return { field, start };
}

function constant(value: bigint, count: number): Uint8Array {
  return toBytes(value, 2 * Math.ceil(count / 16));
}

function load(text: string, version: number): LearnSpec {
  const [from = '', to = ''] = text.split('->');
  const target = parseBits(to, version);
  const immediate = /^(0x[0-9a-f]+|\d+)$/i.test(from);
  const source = immediate ? constant(parseNumber(from), target.count) : bitsOfField(parseBits(from, version));
  return { action: 'load', bits: target.count, source, target: bitsOfField(target) };
}

/** `FIELD[]=FIELD[]`, `FIELD[]=number`, `FIELD[]` alone. */
function matchBits(item: Item, version: number): LearnSpec {
  const target = parseBits(item.key, version);
  const { value } = item;
  if (value !== undefined && /^(0x[0-9a-f]+|\d+)$/i.test(value)) {
    return {
      action: 'match',
      bits: target.count,
      source: constant(parseNumber(value), target.count),
      target: bitsOfField(target),
    };
  }
  const source = parseBits(value ?? item.key, version);
  return { action: 'match', bits: target.count, source: bitsOfField(source), target: bitsOfField(target) };
}

/** A match in the syntax of flows: its constants. */
function matchConstants(item: Item, version: number): LearnSpec[] {
  return matchOfItems([item]).map((one) => {
    if (one.field === 'unknown' || one.mask !== undefined) throw badText(`learn cannot match "${item.text}"`);
    const as = one.field === 'in_port' ? 'NXM_OF_IN_PORT' : one.as;
    const encoding = encodingOf(one.field, version, as);
    const bits = bitsOf(encoding);
    const value = toBigInt(one.value) & ((1n << BigInt(bits)) - 1n);
    const field = encoding.isDefault[version] ? { field: one.field } : { field: one.field, as: encoding.name };
    return { action: 'match', bits, source: constant(value, bits), target: { field, start: 0 } };
  });
}

function specsOf(item: Item, version: number): LearnSpec[] {
  if (item.separator === ':' && item.key === 'load') return [load(item.value ?? '', version)];
  if (item.separator === ':' && item.key === 'output') {
    const source = parseBits(item.value ?? '', version);
    return [{ action: 'output', bits: source.count, source: bitsOfField(source) }];
  }
  const plain = !item.key.includes('[') && (item.value === undefined || !item.value.includes('['));
  const known = rowOf(item.key) !== undefined || item.value === undefined;
  if (plain && known && !/^[NOE]\w*XM_/.test(item.key)) return matchConstants(item, version);
  return [matchBits(item, version)];
}

/** What stands in the parentheses of `learn`. */
export function parseLearn(text: string, version: number): Action {
  const options: Record<string, number> = {};
  let flagBits = 0;
  let cookie = 0n;
  let limit: number | undefined;
  let result: Bits | undefined;
  const specs: LearnSpec[] = [];
  for (const item of splitItems(text)) {
    const { key, value = '' } = item;
    if (key in numbers) options[numbers[key as keyof typeof numbers]] = parseInteger(value, 0x1_0000);
    else if (key in flags) flagBits |= flags[key]!;
    else if (key === 'cookie') cookie = parseNumber(value);
    else if (key === 'limit') limit = parseInteger(value);
    else if (key === 'result_dst') result = parseBits(value, version);
    else specs.push(...specsOf(item, version));
  }
  const head = { ...options, flags: flagBits | (result === undefined ? 0 : writesResult), cookie, specs };
  if (limit === undefined && result === undefined) return { type: 'nx_learn', ...head };
  const bounds = result === undefined ? { limit: limit ?? 0 } : { limit: limit ?? 0, result: bitsOfField(result) };
  return { type: 'nx_learn2', ...head, limit: bounds };
}
