import { describe, expect, it } from 'vitest';
import { besideBox, box, curvesOf, type Line, layOut } from './layout.js';

const line = (from: string, to: string): Line => ({ from, fromPort: 'eth1', to, toPort: 'eth2' });
const rowsOf = (names: readonly string[], lines: readonly Line[]) => {
  const { points } = layOut(names, lines);
  const heights = [...new Set([...points.values()].map(({ y }) => y))].sort((a, b) => a - b);
  return heights.map((height) =>
    names.filter((name) => points.get(name)!.y === height).sort((a, b) => points.get(a)!.x - points.get(b)!.x),
  );
};

describe('a drawing', () => {
  it('has spines above leaves above hosts, each host below its leaf', () => {
    const names = ['host2', 'spine1', 'spine2', 'leaf1', 'leaf2', 'host1'];
    const fabric = ['spine1', 'spine2'].flatMap((spine) => [line(spine, 'leaf1'), line(spine, 'leaf2')]);
    const lines = [...fabric, line('leaf1', 'host1'), line('host2', 'leaf2')];
    expect(rowsOf(names, lines)).toEqual([
      ['spine1', 'spine2'],
      ['leaf1', 'leaf2'],
      ['host1', 'host2'],
    ]);
  });

  it.each([
    ['a ring', ['a', 'b', 'c'], [line('a', 'b'), line('b', 'c'), line('c', 'a')], [['a'], ['b', 'c']]],
    ['one node', ['a'], [], [['a']]],
    ['a node linked to itself', ['a'], [line('a', 'a')], [['a']]],
    ['nothing', [], [], []],
  ])('of %s', (_, names, lines, rows) => expect(rowsOf(names, lines)).toEqual(rows));

  it('gives every node a place of its own', () => {
    const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const lines = names.map((name, i) => line(name, names[(i * 7 + 1) % 40]!));
    const { points, size } = layOut(names, lines);
    const places = [...points.values()];
    for (const [i, a] of places.entries()) {
      expect(a.x + box.width / 2).toBeLessThanOrEqual(size.width);
      expect(a.y + box.height / 2).toBeLessThanOrEqual(size.height);
      for (const b of places.slice(i + 1)) {
        expect(Math.abs(a.x - b.x) >= box.width || Math.abs(a.y - b.y) >= box.height).toBe(true);
      }
    }
  });

  it('bends what runs beside another line or through a third node, and nothing else', () => {
    const points = new Map(['a', 'b', 'c'].map((name, i) => [name, { x: 100 + 200 * i, y: 50 }]));
    const lines = [line('a', 'b'), line('b', 'a'), line('a', 'b'), line('a', 'c')];
    const heights = curvesOf(points, lines).map(({ control }) => control.y);
    expect(heights[0]).toBe(50);
    expect(new Set(heights).size).toBe(4);
    expect(heights[3]).toBeLessThan(50);
  });

  it('names ports outside of the boxes', () => {
    const [curve] = curvesOf(
      new Map([
        ['a', { x: 100, y: 50 }],
        ['b', { x: 400, y: 50 }],
      ]),
      [line('a', 'b')],
    );
    expect(besideBox(curve!, 0, 'eth1').x).toBeGreaterThan(100 + box.width / 2);
    expect(besideBox(curve!, 1, 'eth1').x).toBeLessThan(400 - box.width / 2);
  });
});
