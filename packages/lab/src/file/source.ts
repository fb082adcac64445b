import { LinecardError } from '@linecard/wire';
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { z } from 'zod';
import { explain } from './explain.js';
import { knownKeys } from './schema.js';
import { didYouMean } from './suggest.js';

/** A place in the file: the keys and indexes that lead to it. */
export type Place = readonly (string | number)[];

/** A problem of a file. */
export interface Problem {
  readonly place: Place;
  readonly text: string;
  readonly hint?: string | undefined;
  /** Points at the key itself, not at its value. */
  readonly atKey?: boolean;
}

/** More are not shown: the first ones are what a person mends first. */
const mostProblems = 20;

/** A YAML file that was read and checked: its values, and where each of them stands. */
export class Source<S extends z.ZodType> {
  readonly raw: z.output<S>;
  /** What errors call the file. */
  readonly file: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #schema: S;

  /** Reads a file's text. Throws `LC_INVALID` that names every place where it is wrong. */
  constructor(file: string, text: string, schema: S) {
    this.#schema = schema;
    this.file = file;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, { lineCounter: this.#lines, merge: true, prettyErrors: false });
    this.#checkSyntax();
    const result = schema.safeParse(this.#plain());
    if (!result.success) throw this.failure(result.error.issues.flatMap((issue) => this.#problems(issue)));
    this.raw = result.data;
  }

  /** The error that names all problems, in the order of the file. */
  failure(problems: readonly Problem[]): LinecardError {
    const sorted = problems.map((one) => ({ ...one, at: this.#offset(one) })).sort((a, b) => a.at - b.at);
    const shown = sorted.slice(0, mostProblems).map(({ at, text, hint }) => {
      return `${this.#position(at)}: ${text}${hint === undefined ? '' : ` (${hint})`}`;
    });
    const more = sorted.length > mostProblems ? [`... and ${sorted.length - mostProblems} more`] : [];
    return new LinecardError('LC_INVALID', [...shown, ...more].join('\n'));
  }

  /** Where a place is, as `lab.clab.yml:12:5`. */
  where(place: Place): string {
    return this.#position(this.#offset({ place, text: '' }));
  }

  #checkSyntax(): void {
    const [error] = this.#document.errors;
    if (error === undefined) return;
    const double = error.code === 'DUPLICATE_KEY';
    const text = double ? `the name "${this.#wordAt(error.pos[0])}" is given twice` : error.message;
    const hint = double
      ? 'names must be unique: rename one or join the two'
      : 'YAML: look at the indentation and quotes';
    throw new LinecardError('LC_INVALID', `${this.#position(error.pos[0])}: ${text}`, { hint });
  }

  #wordAt(offset: number): string {
    let found = '';
    const visit = (node: unknown): void => {
      if (!isMap(node)) return;
      for (const { key, value } of node.items) {
        if (isScalar(key) && key.range?.[0] === offset) found = String(key.value);
        visit(value);
      }
    };
    visit(this.#document.contents);
    return found;
  }

  #plain(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 1000 });
    } catch (cause) {
      throw new LinecardError('LC_INVALID', `${this.file}: ${(cause as Error).message}`, { cause });
    }
  }

  #problems(issue: z.core.$ZodIssue): Problem[] {
    const place = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(place, this.#schema);
      return issue.keys.map((key) => {
        const text = `there is no key "${key}" ${place.length === 0 ? 'at the top' : `in ${place.join('.')}`}`;
        return { place: [...place, key], text, hint: didYouMean(key, known), atKey: true };
      });
    }
    if (!this.#document.hasIn(place)) {
      return [{ place, text: `"${place.join('.')}" is missing`, hint: `write "${place.at(-1)}: ..." there` }];
    }
    const inner = issue.code === 'invalid_union' ? issue.errors.find(isClear) : undefined;
    if (inner !== undefined)
      return inner.flatMap((one) => this.#problems({ ...one, path: [...issue.path, ...one.path] }));
    const value = place.length === 0 ? undefined : this.#document.getIn(place);
    const { text, hint } = explain(issue, isNode(value) ? value.toJS(this.#document) : value);
    return [{ place, text: `${place.join('.') || 'the file'}: ${text}`, hint }];
  }

  /** Where a problem is: at its value or key, or at the deepest thing around that is there. */
  #offset({ place, atKey = false }: Problem): number {
    for (let length = place.length; length > 0; length--) {
      const pair = this.#pair(place.slice(0, length));
      const node = this.#document.getIn(place.slice(0, length), true);
      const wanted = (atKey || !isNode(node)) && isNode(pair?.key) ? pair.key : node;
      if (isNode(wanted) && wanted.range) return wanted.range[0];
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    return (this.#document.contents as Node | null)?.range?.[0] ?? 0;
  }

  #pair(place: Place): Pair | undefined {
    const parent = place.length === 1 ? this.#document.contents : this.#document.getIn(place.slice(0, -1), true);
    if (!isMap(parent)) return undefined;
    return parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === place.at(-1));
  }

  #position(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.file}:${line || 1}:${col || 1}`;
  }
}

/** Whether the value was meant for this form of several: it has gone wrong only inside of it. */
function isClear(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some((one) => one.code === 'unrecognized_keys' || one.path.length > 0);
}
