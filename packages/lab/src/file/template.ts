import { LinecardError } from '@linecard/wire';
import { type Call, evaluate, parsePipeline, type Scope, truth } from './template-values.js';

/** A piece of a template. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly words: string; readonly line: number };

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: readonly Call[]; readonly line: number }
  | { readonly kind: 'set'; readonly name: string; readonly pipeline: readonly Call[]; readonly line: number }
  | { readonly kind: 'if' | 'with'; readonly branches: readonly Branch[]; readonly line: number }
  | {
      readonly kind: 'range';
      readonly names: readonly string[];
      readonly branches: readonly Branch[];
      readonly line: number;
    };

/** One arm of an `if`, `with` or `range`; the `else` arm has no condition. */
interface Branch {
  readonly pipeline: readonly Call[] | undefined;
  readonly body: readonly Part[];
}

/** The largest text that a template may become: enough for thousands of nodes, too small to fill the memory. */
const longestOutput = 8 << 20;

/** Cuts a text at `{{` and `}}`; `{{-` and `-}}` take the blanks before and after with them. */
function cut(text: string): Piece[] {
  const pieces: Piece[] = [];
  const action = /\{\{(-(?=\s))?((?:[^}"`]|"(?:[^"\\]|\\.)*"|`[^`]*`|\}(?!\}))*?)((?<=\s)-)?\}\}/g;
  let end = 0;
  let trimNext = false;
  const say = (raw: string, trimEnd: boolean) => {
    const start = trimNext ? raw.trimStart() : raw;
    pieces.push({ kind: 'text', text: trimEnd ? start.trimEnd() : start });
  };
  for (const match of text.matchAll(action)) {
    say(text.slice(end, match.index), match[1] !== undefined);
    pieces.push({ kind: 'action', words: match[2]!.trim(), line: lineAt(text, match.index) });
    trimNext = match[3] !== undefined;
    end = match.index + match[0].length;
  }
  const rest = text.slice(end);
  const open = rest.indexOf('{{');
  if (open !== -1) fail(lineAt(text, end + open), 'an action that starts with {{ is not closed');
  say(rest, false);
  return pieces;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function fail(line: number, what: string): never {
  throw new LinecardError('LC_INVALID', `template, line ${line}: ${what}`, {
    hint: 'variables, if, else, with, range and the functions of docs/labs.md are there',
  });
}

/** Builds the tree of a template; `take` hands out its pieces one after the other. */
class Parser {
  readonly #pieces: readonly Piece[];
  #next = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  whole(): Part[] {
    const { parts, end } = this.#body();
    if (end !== undefined) fail(end.line, `{{ ${end.words} }} has nothing to end`);
    return parts;
  }

  /** Parts up to an `end` or `else`, which is returned too. */
  #body(): { parts: Part[]; end: (Piece & { kind: 'action' }) | undefined } {
    const parts: Part[] = [];
    while (this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next++]!;
      if (piece.kind === 'text') parts.push(piece);
      else if (/^(end|else)\b/.test(piece.words)) return { parts, end: piece };
      else if (!piece.words.startsWith('/*')) parts.push(this.#action(piece));
    }
    return { parts, end: undefined };
  }

  #action(piece: Piece & { kind: 'action' }): Part {
    const { line, words } = piece;
    const block = /^(if|with|range)\s+([\s\S]+)$/.exec(words);
    if (block !== null) return this.#block(block[1] as 'if', block[2]!, line);
    const set = /^\$(\w+)\s*:?=\s*([\s\S]+)$/.exec(words);
    if (set !== null) return { kind: 'set', name: set[1]!, pipeline: parse(set[2]!, line), line };
    return { kind: 'print', pipeline: parse(words, line), line };
  }

  #block(kind: 'if' | 'with' | 'range', words: string, line: number): Part {
    const named = kind === 'range' ? /^\$(\w+)(?:\s*,\s*\$(\w+))?\s*:=\s*([\s\S]+)$/.exec(words) : null;
    const names = named === null ? [] : [named[1]!, named[2]].filter((name) => name !== undefined);
    const branches: Branch[] = [];
    let condition: string | undefined = named?.[3] ?? words;
    for (;;) {
      const pipeline = condition === undefined ? undefined : parse(condition, line);
      const { parts, end } = this.#body();
      branches.push({ pipeline, body: parts });
      if (end === undefined) return fail(line, `{{ ${kind} ${words} }} has no {{ end }}`);
      if (end.words === 'end') break;
      condition = /^else\s+(?:if|with)\s+([\s\S]+)$/.exec(end.words)?.[1];
    }
    return kind === 'range' ? { kind, names, branches, line } : { kind, branches, line };
  }
}

function parse(words: string, line: number): readonly Call[] {
  return guarded(line, () => parsePipeline(words));
}

function guarded<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LinecardError && error.message.startsWith('template,')) throw error;
    return fail(line, (error as Error).message);
  }
}

/** Renders parts; `scope.variables` is shared with what follows in the same block. */
class Renderer {
  #out = '';

  get output(): string {
    return this.#out;
  }

  render(parts: readonly Part[], scope: Scope): void {
    for (const part of parts) guarded('line' in part ? part.line : 0, () => this.#one(part, scope));
  }

  #one(part: Part, scope: Scope): void {
    switch (part.kind) {
      case 'text':
        this.#say(part.text);
        return;
      case 'print':
        this.#say(shown(evaluate(part.pipeline, scope)));
        return;
      case 'set':
        scope.variables.set(part.name, evaluate(part.pipeline, scope));
        return;
      case 'range':
        this.#range(part.branches, part.names, scope);
        return;
      default:
        this.#choose(part.kind, part.branches, scope);
    }
  }

  #say(text: string): void {
    this.#out += text;
    if (this.#out.length > longestOutput) throw new Error(`the text grows beyond ${longestOutput} characters`);
  }

  #choose(kind: 'if' | 'with', branches: readonly Branch[], scope: Scope): void {
    for (const { pipeline, body } of branches) {
      const value = pipeline === undefined ? true : evaluate(pipeline, scope);
      if (!truth(value)) continue;
      const dot = kind === 'with' && pipeline !== undefined ? value : scope.dot;
      this.render(body, { ...scope, dot, variables: new Map(scope.variables) });
      return;
    }
  }

  #range(branches: readonly Branch[], names: readonly string[], scope: Scope): void {
    const [first, otherwise] = branches;
    const entries = entriesOf(evaluate(first!.pipeline!, scope));
    for (const [key, dot] of entries) {
      const variables = new Map(scope.variables);
      if (names.length === 2) variables.set(names[0]!, key);
      if (names.length > 0) variables.set(names.at(-1)!, dot);
      this.render(first!.body, { ...scope, dot, variables });
    }
    if (entries.length === 0 && otherwise !== undefined) this.render(otherwise.body, scope);
  }
}

/** What `range` goes over: elements with their index, the entries of a map in the order of its keys, or 0 to n-1. */
function entriesOf(value: unknown): (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((element, index) => [index, element] as const);
  if (typeof value === 'number') return Array.from({ length: Math.min(value, 100_000) }, (_, i) => [i, i] as const);
  if (value === undefined || value === null) return [];
  if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new Error(`range cannot go over ${JSON.stringify(value)}`);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * Renders a template of the kind that Go's text/template knows, as far as topology files use it: `{{ .a.b }}`, `if`,
 * `else`, `with`, `range`, variables, pipelines, comments, trimming, and a handful of functions. A text without
 * actions comes back as it is. Throws `LC_INVALID` with the line.
 */
export function renderTemplate(text: string, variables: unknown): string {
  if (!text.includes('{{')) return text;
  const renderer = new Renderer();
  renderer.render(new Parser(cut(text)).whole(), { root: variables, dot: variables, variables: new Map() });
  return renderer.output;
}
