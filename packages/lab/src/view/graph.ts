import type { Lab, LabLink } from '../model/types.js';

/** The forms in which a topology can be drawn. */
export const graphFormats = ['svg', 'dot', 'mermaid', 'drawio'] as const;
export type GraphFormat = (typeof graphFormats)[number];

interface Line {
  readonly from: string;
  readonly fromPort: string;
  readonly to: string;
  readonly toPort: string;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function lineOf(link: LabLink): Line {
  const far = link.type === 'cable' ? link.b : { node: link.type, name: link.parent ?? link.vxlan?.remote ?? '' };
  return { from: link.a.node, fromPort: link.a.name, to: far.node, toPort: far.name };
}

/** Nodes and what links lead to besides, in the order of the file. */
function namesOf(lab: Lab, lines: readonly Line[]): string[] {
  return [...new Set([...lab.nodes.map(({ name }) => name), ...lines.flatMap(({ from, to }) => [from, to])])];
}

/** How far each name is from the first of its part of the graph: the row that it stands in. */
function rowsOf(names: readonly string[], lines: readonly Line[]): Map<string, number> {
  const rows = new Map<string, number>();
  for (const root of names) {
    if (rows.has(root)) continue;
    const queue = [root];
    rows.set(root, 0);
    for (const name of queue) {
      for (const { from, to } of lines) {
        const next = from === name ? to : to === name ? from : undefined;
        if (next === undefined || rows.has(next)) continue;
        rows.set(next, rows.get(name)! + 1);
        queue.push(next);
      }
    }
  }
  return rows;
}

const cell = { width: 180, height: 130, margin: 90 };

function layOut(names: readonly string[], lines: readonly Line[]): Map<string, Point> {
  const rows = rowsOf(names, lines);
  const widest = Math.max(
    ...[...rows.values()].map((row) => [...rows.values()].filter((other) => other === row).length),
    1,
  );
  const next = new Map<number, number>();
  return new Map(
    names.map((name): [string, Point] => {
      const row = rows.get(name) ?? 0;
      const index = next.get(row) ?? 0;
      next.set(row, index + 1);
      const count = [...rows.values()].filter((other) => other === row).length;
      const x = cell.margin + ((widest - count) / 2 + index) * cell.width;
      return [name, { x, y: cell.margin / 2 + row * cell.height }];
    }),
  );
}

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const quote = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

function dot(lab: Lab, names: readonly string[], lines: readonly Line[]): string {
  const nodes = names.map((name) => `  ${quote(name)} [shape=box];`);
  const edges = lines.map(
    ({ from, to, fromPort, toPort }) =>
      `  ${quote(from)} -- ${quote(to)} [taillabel=${quote(fromPort)}, headlabel=${quote(toPort)}];`,
  );
  return `graph ${quote(lab.name)} {\n${[...nodes, ...edges].join('\n')}\n}\n`;
}

function mermaid(lab: Lab, names: readonly string[], lines: readonly Line[]): string {
  const id = (name: string) => `n${names.indexOf(name)}`;
  const nodes = names.map((name) => `  ${id(name)}["${name}"]`);
  const edges = lines.map(({ from, to, fromPort, toPort }) => `  ${id(from)} ---|"${fromPort} - ${toPort}"| ${id(to)}`);
  return `---\ntitle: ${lab.name}\n---\ngraph TD\n${[...nodes, ...edges].join('\n')}\n`;
}

/** A place on the way from one point to another. */
function along(from: Point, to: Point, share: number): Point {
  return { x: Math.round(from.x + (to.x - from.x) * share), y: Math.round(from.y + (to.y - from.y) * share) };
}

function svg(lab: Lab, names: readonly string[], lines: readonly Line[]): string {
  const points = layOut(names, lines);
  const label = ({ x, y }: Point, text: string, size: number) =>
    `<text x="${x}" y="${y}" font-size="${size}" text-anchor="middle" dominant-baseline="middle">${escapeXml(text)}</text>`;
  const edges = lines.map(({ from, to, fromPort, toPort }) => {
    const [a, b] = [points.get(from)!, points.get(to)!];
    const line = `<line x1="${a.x}" y1="${a.y}" x2="${b.x}" y2="${b.y}" stroke="#888"/>`;
    return line + label(along(a, b, 0.3), fromPort, 10) + label(along(a, b, 0.7), toPort, 10);
  });
  const boxes = names.map((name) => {
    const { x, y } = points.get(name)!;
    return `<rect x="${x - 50}" y="${y - 18}" width="100" height="36" rx="6" fill="#fff" stroke="#246"/>${label({ x, y }, name, 13)}`;
  });
  const width = Math.max(...[...points.values()].map(({ x }) => x), 0) + cell.margin;
  const height = Math.max(...[...points.values()].map(({ y }) => y), 0) + cell.margin / 2;
  const body = [`<title>${escapeXml(lab.name)}</title>`, ...edges, ...boxes].join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">\n${body}\n</svg>\n`;
}

function drawio(lab: Lab, names: readonly string[], lines: readonly Line[]): string {
  const points = layOut(names, lines);
  const id = (name: string) => `n${names.indexOf(name)}`;
  const nodes = names.map((name) => {
    const { x, y } = points.get(name)!;
    return `<mxCell id="${id(name)}" value="${escapeXml(name)}" style="rounded=1;" vertex="1" parent="1"><mxGeometry x="${x - 50}" y="${y - 18}" width="100" height="36" as="geometry"/></mxCell>`;
  });
  const edges = lines.flatMap(({ from, to, fromPort, toPort }, index) => {
    const port = (text: string, at: number, end: string) =>
      `<mxCell id="e${index}${end}" value="${escapeXml(text)}" style="edgeLabel;" vertex="1" connectable="0" parent="e${index}"><mxGeometry x="${at}" relative="1" as="geometry"/></mxCell>`;
    const edge = `<mxCell id="e${index}" style="endArrow=none;" edge="1" parent="1" source="${id(from)}" target="${id(to)}"><mxGeometry relative="1" as="geometry"/></mxCell>`;
    return [edge, port(fromPort, -0.5, 'a'), port(toPort, 0.5, 'b')];
  });
  const cells = ['<mxCell id="0"/>', '<mxCell id="1" parent="0"/>', ...nodes, ...edges].join('\n');
  return `<mxfile><diagram name="${escapeXml(lab.name)}"><mxGraphModel><root>\n${cells}\n</root></mxGraphModel></diagram></mxfile>\n`;
}

/** Draws the nodes of a lab, its links, and the names of the ports at their ends. */
export function drawLab(lab: Lab, format: GraphFormat): string {
  const lines = lab.links.map(lineOf);
  return { svg, dot, mermaid, drawio }[format](lab, namesOf(lab, lines), lines);
}
