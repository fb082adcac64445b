import { fieldRows } from '../fields.js';
import type { FieldId } from '../messages/field-id.js';
import { ovsName } from './names.js';

const order: ReadonlyMap<string, number> = new Map(fieldRows.map(({ name }, i) => [name, i]));

/** The names of fields as ovs-fields(7) has them, in its order, each once. */
export function fieldNames(ids: readonly FieldId[]): string[] {
  const known = ids.filter(({ field }) => field !== 'unknown');
  const names = known
    .map((id): [number, string] => [order.get(id.field)! + (isShortPort(id) ? -0.5 : 0), nameOf(id)])
    .sort(([a], [b]) => a - b);
  return [...new Set(names.map(([, name]) => name))];
}

const isShortPort = (id: FieldId): boolean => id.as === 'NXM_OF_IN_PORT';

/** The 32-bit port of OXM has a name of its own. */
function nameOf(id: FieldId): string {
  if (id.field === 'in_port' && !isShortPort(id)) return 'in_port_oxm';
  return ovsName(id.field as Exclude<FieldId['field'], 'unknown'>);
}

const leastRun = 3;

/** How many names from `at` on differ only in a number that goes up by one. */
function runLength(names: readonly string[], at: number): number {
  const [, stem, number] = /^(.*?)(\d+)$/.exec(names[at]!) ?? [];
  if (stem === undefined) return 1;
  let length = 1;
  while (names[at + length] === `${stem}${Number(number) + length}`) length++;
  return length;
}

/** One name, or the ends of a run of names: `['reg0', 'reg3']`. */
type Item = readonly string[];

/** Three names and more that count up, as one item. */
function joinRuns(names: readonly string[]): Item[] {
  const joined: Item[] = [];
  for (let at = 0; at < names.length; ) {
    const length = runLength(names, at);
    const isRun = length >= leastRun;
    joined.push(isRun ? [names[at]!, names[at + length - 1]!] : [names[at]!]);
    at += isRun ? length : 1;
  }
  return joined;
}

const prefixOf = ([name]: Item): string => name!.slice(0, name!.indexOf('_') + 1);

/** `eth_{src,dst}`: neighbours that begin with the same word, as one. */
function fold(items: readonly Item[]): string[] {
  const folded: string[] = [];
  for (let at = 0; at < items.length; ) {
    const prefix = prefixOf(items[at]!);
    let end = at + 1;
    while (prefix !== '' && end < items.length && items[end]![0]!.startsWith(prefix)) end++;
    const inner = items.slice(at, end).map((item) => item.map((name) => name.slice(prefix.length)));
    folded.push(end - at === 1 ? items[at]!.join('...') : `${prefix}{${fold(inner).join(',')}}`);
    at = end;
  }
  return folded;
}

/** Many names in little room, as Open vSwitch writes them: `in_port eth_{src,dst} reg0...reg15`. */
export function foldNames(names: readonly string[]): string {
  return fold(joinRuns(names)).join(' ');
}
