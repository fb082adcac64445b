import { badText } from './names.js';

/** `key=value`, `key:value`, `key(value)` or `key` alone. */
export interface Item {
  readonly key: string;
  /** What follows the `=` or `:`, or stands in the parentheses; undefined when there is nothing. */
  readonly value: string | undefined;
  /** The separator: `=`, `:`, `(` or nothing. */
  readonly separator: string;
  /** The whole item. */
  readonly text: string;
}

const maximumDepth = 40;

/** Items between commas and blanks, but for those in parentheses and brackets. */
export function splitItems(text: string): Item[] {
  const items: Item[] = [];
  let depth = 0;
  let start = 0;
  const flush = (end: number): void => {
    const part = text.slice(start, end).trim();
    if (part !== '') items.push(toItem(part));
    start = end + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    else if (depth === 0 && (c === ',' || c === ' ' || c === '\t' || c === '\n')) flush(i);
    if (depth > maximumDepth) throw badText(`parentheses nested more than ${maximumDepth} deep`);
    if (depth < 0) throw badText(`too many closing parentheses in "${text.slice(0, 60)}"`);
  }
  if (depth !== 0) throw badText(`a parenthesis is not closed in "${text.slice(0, 60)}"`);
  flush(text.length);
  return items;
}

function toItem(text: string): Item {
  const at = text.search(/[=:(]/);
  if (at < 0) return { key: text, value: undefined, separator: '', text };
  const separator = text[at]!;
  const key = text.slice(0, at);
  if (separator === '(' && text.endsWith(')')) return { key, value: text.slice(at + 1, -1), separator, text };
  return { key, value: text.slice(at + 1), separator, text };
}
