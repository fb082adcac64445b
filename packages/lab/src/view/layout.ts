/** A link between two nodes, with the names of the ports at its ends. */
export interface Line {
  readonly from: string;
  readonly fromPort: string;
  readonly to: string;
  readonly toPort: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The size of a node's box. */
export const box = { width: 100, height: 36 };
const cell = { width: 170, height: 120, margin: 90 };
/** How wide the name of a port is drawn, at most. */
const portWidth = (name: string) => name.length * 6;

type Neighbours = ReadonlyMap<string, ReadonlySet<string>>;

function neighboursOf(names: readonly string[], lines: readonly Line[]): Neighbours {
  const found = new Map(names.map((name) => [name, new Set<string>()]));
  for (const { from, to } of lines) {
    if (from === to) continue;
    found.get(from)?.add(to);
    found.get(to)?.add(from);
  }
  return found;
}

/** How far each name that can be reached is from the nearest of some. */
function distances(from: readonly string[], neighbours: Neighbours): Map<string, number> {
  const found = new Map(from.map((name) => [name, 0]));
  const queue = [...from];
  for (const name of queue) {
    for (const next of neighbours.get(name) ?? []) {
      if (found.has(next)) continue;
      found.set(next, found.get(name)! + 1);
      queue.push(next);
    }
  }
  return found;
}

/**
 * The rows of a drawing, from above: the further a node is from those that hang on one link, the higher it stands, so
 * that spines are above leaves and leaves above hosts. Where nothing hangs, the first node stands above.
 */
function rowsOf(names: readonly string[], neighbours: Neighbours): string[][] {
  const ends = names.filter((name) => (neighbours.get(name)?.size ?? 0) <= 1);
  const height = distances(ends, neighbours);
  const top = Math.max(0, ...height.values());
  const row = new Map([...height].map(([name, far]) => [name, top - far]));
  for (const name of names) {
    if (!row.has(name)) for (const [other, far] of distances([name], neighbours)) row.set(other, far);
  }
  const count = Math.max(0, ...row.values()) + 1;
  return Array.from({ length: count }, (_, index) => names.filter((name) => row.get(name) === index));
}

/** Orders each row by where its neighbours above stand, which keeps lines from crossing. */
function untangled(rows: readonly (readonly string[])[], neighbours: Neighbours): string[][] {
  const place = new Map<string, number>();
  return rows.map((row) => {
    const wish = (name: string, index: number) => {
      const above = [...(neighbours.get(name) ?? [])].flatMap((other) => place.get(other) ?? []);
      return above.length === 0 ? index / row.length : above.reduce((a, b) => a + b) / above.length;
    };
    const ordered = row
      .map((name, index) => ({ name, wish: wish(name, index) }))
      .sort((a, b) => a.wish - b.wish)
      .map(({ name }) => name);
    for (const [index, name] of ordered.entries()) place.set(name, (index + 0.5) / ordered.length);
    return ordered;
  });
}

/** Where the centre of each node is, and how large the whole drawing. */
export function layOut(names: readonly string[], lines: readonly Line[]) {
  const neighbours = neighboursOf(names, lines);
  const rows = untangled(rowsOf(names, neighbours), neighbours).filter((row) => row.length > 0);
  const widest = Math.max(1, ...rows.map((row) => row.length));
  const ports = lines.flatMap(({ fromPort, toPort }) => [portWidth(fromPort), portWidth(toPort)]);
  const width = Math.max(cell.width, box.width + 24 + 2 * Math.max(0, ...ports));
  const height = cell.height + 10 * Math.max(0, widest - 4);
  const points = new Map(
    rows.flatMap((row, y) =>
      row.map((name, x): [string, Point] => [
        name,
        {
          x: cell.margin + ((widest - row.length) / 2 + x) * width,
          y: cell.margin / 2 + 15 + y * height,
        },
      ]),
    ),
  );
  const size = {
    width: 2 * cell.margin + (widest - 1) * width,
    height: cell.margin + 30 + (Math.max(1, rows.length) - 1) * height,
  };
  return { points, size };
}

/** A line on the drawing: a quadratic curve, which is straight where nothing is in its way. */
export interface Curve {
  readonly from: Point;
  readonly control: Point;
  readonly to: Point;
}

/** Bends what would run through a third node or over a line between the same two. */
export function curvesOf(points: ReadonlyMap<string, Point>, lines: readonly Line[]): Curve[] {
  const drawn = new Map<string, number>();
  return lines.map(({ from: a, to: b }) => {
    const [from, to] = [points.get(a)!, points.get(b)!];
    const pair = [a, b].sort().join('\0');
    const before = drawn.get(pair) ?? 0;
    drawn.set(pair, before + 1);
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const between = [...points.values()].filter(({ x }) => (x - from.x) * (x - to.x) < 0);
    const inTheWay = from.y === to.y && between.some(({ y }) => y === from.y);
    const bend = (inTheWay ? -110 : 0) + Math.ceil(before / 2) * (before % 2 === 0 ? -60 : 60);
    // Always to the same side, whichever end the file names first.
    const side = a <= b || inTheWay ? 1 : -1;
    const normal = inTheWay
      ? { x: 0, y: 1 }
      : { x: (-(to.y - from.y) / length) * side, y: ((to.x - from.x) / length) * side };
    const control = { x: (from.x + to.x) / 2 + normal.x * bend, y: (from.y + to.y) / 2 + normal.y * bend };
    return { from, control, to };
  });
}

/** Where the name of a port stands: on the line, just outside of the node's box. `end` is 0 for `from`, 1 for `to`. */
export function besideBox({ from, control, to }: Curve, end: 0 | 1, port: string): Point {
  const [near, far] = end === 0 ? [from, to] : [to, from];
  for (let t = 0; t < 0.5; t += 0.01) {
    const mix = (a: number, b: number, c: number) => (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t ** 2 * c;
    const point = { x: mix(near.x, control.x, far.x), y: mix(near.y, control.y, far.y) };
    const isOutside =
      Math.abs(point.x - near.x) > box.width / 2 + 4 + portWidth(port) / 2 ||
      Math.abs(point.y - near.y) > box.height / 2 + 12;
    if (isOutside) return { x: Math.round(point.x), y: Math.round(point.y) };
  }
  return { x: Math.round((near.x + far.x) / 2), y: Math.round((near.y + far.y) / 2) };
}
