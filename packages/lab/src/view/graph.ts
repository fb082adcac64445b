import type { Lab, LabLink } from '../model/types.js';
import { besideBox, box, curvesOf, type Line, layOut, type Point } from './layout.js';

/** The forms in which a topology can be drawn. */
export const graphFormats = ['svg', 'dot', 'mermaid', 'drawio'] as const;
export type GraphFormat = (typeof graphFormats)[number];

function lineOf(link: LabLink): Line {
  const far = link.type === 'cable' ? link.b : { node: link.type, name: link.parent ?? link.vxlan?.remote ?? '' };
  return { from: link.a.node, fromPort: link.a.name, to: far.node, toPort: far.name };
}

/** Nodes and what links lead to besides, in the order of the file. */
function namesOf(lab: Lab, lines: readonly Line[]): string[] {
  return [...new Set([...lab.nodes.map(({ name }) => name), ...lines.flatMap(({ from, to }) => [from, to])])];
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

function svg(lab: Lab, names: readonly string[], lines: readonly Line[]): string {
  const { points, size } = layOut(names, lines);
  const text = ({ x, y }: Point, words: string, style: string) =>
    `<text x="${x}" y="${y}" dy="0.35em" text-anchor="middle" ${style}>${escapeXml(words)}</text>`;
  const curves = curvesOf(points, lines);
  const edges = curves.map(
    ({ from, control, to }) =>
      `<path d="M${from.x} ${from.y} Q${control.x} ${control.y} ${to.x} ${to.y}" fill="none" stroke="#888"/>`,
  );
  const boxes = names.map((name) => {
    const { x, y } = points.get(name)!;
    const [left, top] = [x - box.width / 2, y - box.height / 2];
    const look = lab.nodes.some((node) => node.name === name) ? 'fill="#eef4fb"' : 'fill="#fff" stroke-dasharray="4"';
    return `<rect x="${left}" y="${top}" width="${box.width}" height="${box.height}" rx="6" ${look} stroke="#246"/>${text({ x, y }, name, `font-size="${name.length > 14 ? 9 : 13}"`)}`;
  });
  // The names of ports come last, with a rim, so that no line runs through them.
  const rim = 'font-size="10" fill="#333" stroke="#fff" stroke-width="3" paint-order="stroke"';
  const ports = lines.flatMap(({ fromPort, toPort }, index) => [
    text(besideBox(curves[index]!, 0, fromPort), fromPort, rim),
    text(besideBox(curves[index]!, 1, toPort), toPort, rim),
  ]);
  const body = [`<title>${escapeXml(lab.name)}</title>`, ...edges, ...boxes, ...ports].join('\n');
  const { width, height } = size;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">\n${body}\n</svg>\n`;
}

function drawio(lab: Lab, names: readonly string[], lines: readonly Line[]): string {
  const { points } = layOut(names, lines);
  const id = (name: string) => `n${names.indexOf(name)}`;
  const nodes = names.map((name) => {
    const { x, y } = points.get(name)!;
    return `<mxCell id="${id(name)}" value="${escapeXml(name)}" style="rounded=1;" vertex="1" parent="1"><mxGeometry x="${x - box.width / 2}" y="${y - box.height / 2}" width="${box.width}" height="${box.height}" as="geometry"/></mxCell>`;
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
