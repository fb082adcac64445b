import { LinecardError, parseMac } from '@linecard/wire';

/** How one option's text becomes a value: the words that describe what is allowed, and the parser. */
export interface OptionKind<T> {
  readonly allowed: string;
  /** The value, or undefined when the text is not allowed. */
  parse(text: string): T | undefined;
}

/** The values of a table of options, inferred from its parsers. */
export type OptionValues<Table> = { [K in keyof Table]?: Table[K] extends OptionKind<infer T> ? T : never };

/** A Linux interface or bridge name: 1 to 15 characters that neither the kernel nor Open vSwitch reads otherwise. */
export function isInterfaceName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(text);
}

export function kind<T>(allowed: string, parse: (text: string) => T | undefined): OptionKind<T> {
  return { allowed, parse };
}

export const integer = (low: number, high: number): OptionKind<number> =>
  kind(`a whole number from ${low} to ${high}`, (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value >= low && value <= high ? value : undefined;
  });

export const oneOf = <const T extends readonly string[]>(...values: T): OptionKind<T[number]> =>
  kind(`one of ${values.join(', ')}`, (text) => values.find((value) => value === text));

/** The words that strconv.ParseBool takes, which is what users of Go drivers have in their files. */
export const flag: OptionKind<boolean> = kind('true or false', (text) => {
  if (/^(1|t|true|yes|on)$/i.test(text)) return true;
  return /^(0|f|false|no|off)$/i.test(text) ? false : undefined;
});

export const word: OptionKind<string> = kind('letters, digits, "_", "." or "-", at most 64', (text) =>
  /^[\w.-]{1,64}$/.test(text) ? text : undefined,
);

export const interfaceName: OptionKind<string> = kind('an interface name of at most 15 characters', (text) =>
  isInterfaceName(text) ? text : undefined,
);

export const mac: OptionKind<string> = kind('a unicast MAC address such as 0e:00:00:00:00:01', (text) => {
  try {
    return (parseMac(text)[0]! & 1) === 0 ? text.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
});

/** Comma-separated items of one kind; empty items are not allowed, nor is the same item twice. */
export const listOf = <T>(item: OptionKind<T>, allowed: string): OptionKind<readonly T[]> =>
  kind(allowed, (text) => {
    const words = text.split(',').map((part) => part.trim());
    const values = words.map((part) => item.parse(part));
    const distinct = new Set(words).size === words.length;
    return distinct && values.every((value) => value !== undefined) ? (values as T[]) : undefined;
  });

/**
 * Reads raw options by a table. Throws `LC_INVALID` that names the option, its value and what is allowed; for an
 * option that does not exist, the nearest one that does.
 */
export function parseOptions<Table extends Record<string, OptionKind<unknown>>>(
  table: Table,
  raw: Readonly<Record<string, string>>,
): OptionValues<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(raw)) {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) throw unknownOption(name, Object.keys(table));
    const value = option.parse(text.trim());
    if (value === undefined) {
      throw new LinecardError('LC_INVALID', `option ${name}: "${text.slice(0, 200)}" is not allowed`, {
        hint: `allowed is ${option.allowed}`,
      });
    }
    values[name] = value;
  }
  return values as OptionValues<Table>;
}

function unknownOption(name: string, known: readonly string[]): LinecardError {
  const [nearest] = known.map((option) => ({ option, far: editDistance(name, option) })).sort((a, b) => a.far - b.far);
  const hint =
    nearest !== undefined && nearest.far <= 6 ? `did you mean ${nearest.option}?` : `known are ${known.join(', ')}`;
  return new LinecardError('LC_INVALID', `option ${name.slice(0, 100)} is not known`, { hint });
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= Math.min(a.length, 100); i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
