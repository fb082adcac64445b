import { type Colour, painter } from './output.js';

/** Where progress is shown: a terminal, or anything that takes lines. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

interface Line {
  state: string;
  readonly since: number;
  /** When it came to its end; undefined while it is on its way. */
  until: number | undefined;
}

const colours: Readonly<Record<string, Colour>> = { running: 'green', kept: 'green', removed: 'green', failed: 'red' };
/** How often a terminal is drawn anew, in ms. */
const frameMs = 100;

/**
 * What many nodes are doing at the same time. On a terminal every node has a line that changes in place, with its state
 * and the seconds that it took; elsewhere every change is a line of its own.
 */
export class NodeProgress {
  readonly #stream: ProgressStream;
  readonly #live: boolean;
  readonly #paint: ReturnType<typeof painter>;
  readonly #started = performance.now();
  readonly #lines = new Map<string, Line>();
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ProgressStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && env.TERM !== 'dumb';
    this.#paint = painter(stream, env);
  }

  /** A node is in another state now. */
  show(node: string, state: string): void {
    const now = performance.now();
    if (!this.#live) {
      this.#stream.write(`${String(Math.round(now - this.#started)).padStart(6)} ms  ${node.padEnd(20)} ${state}\n`);
      return;
    }
    const line = this.#lines.get(node) ?? { state, since: now, until: undefined };
    line.state = state;
    line.until = colours[state] === undefined ? undefined : now;
    this.#lines.set(node, line);
    this.#timer ??= setInterval(() => this.#draw(), frameMs).unref();
  }

  /** Draws how it ended. What is written afterwards stands below. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#lines.size > 0) this.#draw();
    this.#lines.clear();
    this.#drawn = 0;
  }

  #draw(): void {
    const lines = this.#visible();
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    this.#stream.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}\x1b[J`);
    this.#drawn = lines.length;
  }

  /** As many lines as the terminal has room for: those that are on their way come first, and the rest is counted. */
  #visible(): string[] {
    // Some terminals have no size: they say 0.
    const room = (this.#stream.rows || 24) - 1;
    const all = [...this.#lines];
    const width = Math.max(...all.map(([node]) => node.length));
    if (all.length <= room) return all.map((one) => this.#line(one, width));
    const open = all.filter(([, { state, until }]) => until === undefined || state === 'failed');
    return [...open.slice(0, room - 1).map((one) => this.#line(one, width)), this.#summary(all)];
  }

  #line([node, { state, since, until }]: [string, Line], width: number): string {
    const seconds = (((until ?? performance.now()) - since) / 1000).toFixed(1).padStart(6);
    const room = Math.max(10, (this.#stream.columns || 80) - 24);
    return `${node.padEnd(width).slice(0, room)}  ${this.#paint(state.padEnd(12), colours[state])} ${seconds} s`;
  }

  #summary(all: readonly [string, Line][]): string {
    const states = all.map(([, { state }]) => state);
    const counts = [...new Set(states)].map((one) => `${states.filter((state) => state === one).length} ${one}`);
    return `${all.length} nodes: ${counts.join(', ')}`;
  }
}
