import { describe, expect, it } from 'vitest';
import { NodeProgress } from './progress.js';

function terminal(rows: number, isTTY = true) {
  const written: string[] = [];
  return { written, stream: { isTTY, rows, columns: 80, write: (text: string) => written.push(text) } };
}

/** What a terminal shows after all this was written to it. */
function screen(written: readonly string[]): string[] {
  const lines: string[] = [];
  let row = 0;
  for (const part of written
    .join('')
    .replaceAll('\x1b', '^')
    .split(/(\^\[\d*[AJK]|\n)/)) {
    const up = /^\^\[(\d+)A$/.exec(part);
    if (up) row -= Number(up[1]);
    else if (part === '^[2K') lines[row] = '';
    else if (part === '^[J') lines.length = row;
    else if (part === '\n') row += 1;
    else if (part !== '') lines[row] = (lines[row] ?? '') + part;
  }
  return lines;
}

describe('progress', () => {
  it('has a line per node on a terminal, changed in place', () => {
    const { written, stream } = terminal(10);
    const progress = new NodeProgress(stream, { NO_COLOR: '1' });
    progress.show('a', 'creating');
    progress.show('router', 'waiting');
    progress.show('a', 'running');
    progress.end();
    progress.show('again', 'creating');
    progress.end();
    expect(screen(written)).toEqual([
      expect.stringMatching(/^a {7}running +0\.0 s$/),
      expect.stringMatching(/^router {2}waiting +0\.0 s$/),
      expect.stringMatching(/^again {2}creating +0\.0 s$/),
    ]);
  });

  it('stays within the terminal and counts what has no room', () => {
    const { written, stream } = terminal(5);
    const progress = new NodeProgress(stream, { NO_COLOR: '1' });
    for (let i = 0; i < 20; i++) progress.show(`n${i}`, i < 15 ? 'running' : 'creating');
    progress.show('n3', 'failed');
    progress.end();
    expect(screen(written)).toHaveLength(4);
    expect(screen(written)[0]).toMatch(/^n3 +failed/);
    expect(screen(written)[3]).toBe('20 nodes: 14 running, 1 failed, 5 creating');
  });

  it.each([
    [false, {}],
    [true, { TERM: 'dumb' }],
  ])('is lines where nothing can be changed in place (terminal: %s)', (isTTY, env) => {
    const { written, stream } = terminal(10, isTTY);
    const progress = new NodeProgress(stream, env);
    progress.show('a', 'creating');
    progress.show('a', 'running');
    progress.end();
    expect(written).toEqual([
      expect.stringMatching(/^ +\d+ ms {2}a +creating\n$/),
      expect.stringMatching(/^ +\d+ ms {2}a +running\n$/),
    ]);
  });
});
