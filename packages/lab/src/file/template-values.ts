/** A value of a template's expression. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  /** `.a.b` of the dot, `$.a` of the root, `$x.a` of a variable, `(call).a`. */
  | { readonly kind: 'path'; readonly from: 'dot' | 'root' | { readonly variable: string }; readonly keys: string[] }
  | { readonly kind: 'nested'; readonly pipeline: readonly Call[]; readonly keys: string[] };

/** A function with its arguments, or one argument alone. */
export interface Call {
  readonly name: string | undefined;
  readonly args: readonly Expression[];
}

/** What names mean at one place of a template. */
export interface Scope {
  readonly root: unknown;
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

const compare = (a: unknown, b: unknown): number => (typeof a === 'number' ? a - Number(b) : a! < b! ? -1 : +(a !== b));

function whole(value: unknown): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`${JSON.stringify(value)} is not a whole number`);
  return number;
}

function sequence(args: readonly unknown[]): number[] {
  const [first, last, step = 1] = (args.length === 1 ? [1, ...args] : args).map(whole);
  const length = Math.max(0, Math.floor((last! - first!) / step) + 1);
  if (!(length <= 100_000)) throw new Error('a sequence has at most 100000 numbers');
  return Array.from({ length }, (_, i) => first! + i * step);
}

function format(pattern: unknown, args: readonly unknown[]): string {
  let next = 0;
  return String(pattern).replaceAll(/%(0?)(\d*)([sdvxq%])/g, (_, zero: string, width: string, verb: string) => {
    if (verb === '%') return '%';
    const value = args[next++];
    const text = verb === 'x' ? whole(value).toString(16) : verb === 'q' ? JSON.stringify(value) : String(value);
    return text.padStart(Number(width), zero === '' ? ' ' : '0');
  });
}

function at(value: unknown, key: unknown): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, String(key))) return undefined;
  return (value as Record<string, unknown>)[String(key)];
}

/** Whether Go's `if` takes a value as true: not zero, not empty. */
export function truth(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

type Operation = (...args: unknown[]) => unknown;

const functions: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['eq', (a, ...others) => others.some((b) => a === b || String(a) === String(b))],
  ['ne', (a, b) => String(a) !== String(b)],
  ['lt', (a, b) => compare(a, b) < 0],
  ['le', (a, b) => compare(a, b) <= 0],
  ['gt', (a, b) => compare(a, b) > 0],
  ['ge', (a, b) => compare(a, b) >= 0],
  ['and', (...args) => args.find((arg) => !truth(arg)) ?? args.at(-1)],
  ['or', (...args) => args.find(truth) ?? args.at(-1)],
  ['not', (a) => !truth(a)],
  ['index', (value, ...keys) => keys.reduce(at, value)],
  ['len', (value) => (typeof value === 'string' ? value.length : Object.keys(value ?? {}).length)],
  ['print', (...args) => args.map(String).join('')],
  ['printf', (pattern, ...args) => format(pattern, args)],
  ['default', (fallback, value) => (truth(value) ? value : fallback)],
  ['add', (...args) => args.map(whole).reduce((a, b) => a + b, 0)],
  ['sub', (a, b) => whole(a) - whole(b)],
  ['mul', (...args) => args.map(whole).reduce((a, b) => a * b, 1)],
  ['div', (a, b) => Math.trunc(whole(a) / whole(b))],
  ['mod', (a, b) => whole(a) % whole(b)],
  ['seq', (...args) => sequence(args)],
]);

const token = /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+)(?![\w.])|([|()])|(\$\w*|\.)?((?:\.?\w+)*))/y;

/** Reads a pipeline: calls joined by `|`, each feeding the next as its last argument. Throws Error. */
export function parsePipeline(words: string): readonly Call[] {
  const reader = new Reader(words);
  const calls = reader.pipeline();
  reader.expectEnd();
  return calls;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expectEnd(): void {
    if (this.#rest() !== '') throw new Error(`"${this.#rest()}" cannot stand there`);
  }

  pipeline(): readonly Call[] {
    const calls = [this.#call()];
    while (this.#rest().startsWith('|')) {
      this.#at = this.#text.indexOf('|', this.#at) + 1;
      calls.push(this.#call());
    }
    return calls;
  }

  #rest(): string {
    return this.#text.slice(this.#at).trimStart();
  }

  #call(): Call {
    const name = /^\s*([a-zA-Z]\w*(?:\.[a-zA-Z]\w*)?)(?![\w.])/.exec(this.#text.slice(this.#at));
    const isFunction = name !== null && name[1] !== 'true' && name[1] !== 'false' && name[1] !== 'nil';
    if (isFunction) this.#at += name[0].length;
    const args: Expression[] = [];
    while (!/^(?:$|[|)])/.test(this.#rest())) args.push(this.#expression());
    if (!isFunction) {
      if (args.length !== 1) throw new Error(args.length === 0 ? 'an expression is missing' : 'a function is missing');
      return { name: undefined, args };
    }
    // gomplate's long names of the same: math.Add, conv.Default.
    const short = name[1]!.split('.').at(-1)!.toLowerCase();
    if (!functions.has(short)) throw new Error(`there is no function ${name[1]}`);
    return { name: short, args };
  }

  #expression(): Expression {
    token.lastIndex = this.#at;
    const match = token.exec(this.#text);
    if (match === null || match[0].trim() === '') throw new Error(`"${this.#rest()}" is not understood`);
    this.#at = token.lastIndex;
    const [, quoted, raw, number, mark, start, path] = match;
    if (quoted !== undefined) return { kind: 'literal', value: JSON.parse(quoted) as unknown };
    if (raw !== undefined) return { kind: 'literal', value: raw };
    if (number !== undefined) return { kind: 'literal', value: Number(number) };
    if (mark === '(') return this.#nested();
    if (mark !== undefined) throw new Error(`"${mark}" cannot stand there`);
    return name(start, path!);
  }

  #nested(): Expression {
    const pipeline = this.pipeline();
    if (!this.#rest().startsWith(')')) throw new Error('a bracket is not closed');
    this.#at = this.#text.indexOf(')', this.#at) + 1;
    const keys = /^((?:\.\w+)*)/.exec(this.#text.slice(this.#at))![1]!;
    this.#at += keys.length;
    return { kind: 'nested', pipeline, keys: keys.split('.').slice(1) };
  }
}

function name(start: string | undefined, path: string): Expression {
  const keys = path.split('.').filter((key) => key !== '');
  if (start === '.') return { kind: 'path', from: 'dot', keys };
  if (start === '$') return { kind: 'path', from: 'root', keys };
  if (start !== undefined) return { kind: 'path', from: { variable: start.slice(1) }, keys };
  if (path.startsWith('.')) return { kind: 'path', from: 'dot', keys };
  if (path === 'true' || path === 'false') return { kind: 'literal', value: path === 'true' };
  if (path === 'nil') return { kind: 'literal', value: undefined };
  throw new Error(`"${path}" is neither a value nor a variable (write .${path})`);
}

/** The value of a pipeline. Throws Error. */
export function evaluate(pipeline: readonly Call[], scope: Scope): unknown {
  let piped: unknown[] = [];
  for (const { name: called, args } of pipeline) {
    const values = [...args.map((arg) => resultOf(arg, scope)), ...piped];
    piped = [called === undefined ? values[0] : functions.get(called)!(...values)];
  }
  return piped[0];
}

function resultOf(expression: Expression, scope: Scope): unknown {
  if (expression.kind === 'literal') return expression.value;
  const { keys } = expression;
  if (expression.kind === 'nested') return keys.reduce<unknown>(at, evaluate(expression.pipeline, scope));
  const { from } = expression;
  if (from === 'dot') return keys.reduce<unknown>(at, scope.dot);
  if (from === 'root') return keys.reduce<unknown>(at, scope.root);
  if (!scope.variables.has(from.variable)) throw new Error(`there is no variable $${from.variable}`);
  return keys.reduce<unknown>(at, scope.variables.get(from.variable));
}
