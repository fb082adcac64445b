import { describe, expect, it } from 'vitest';
import { resolveText } from '../model/resolve.js';
import { drawLab } from './graph.js';

const lab = resolveText(
  '/labs/x.clab.yml',
  `
name: x
topology:
  defaults: {kind: linux, image: i}
  nodes: {a: {}, b: {}, c: {}}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - endpoints: ["b:eth2", "host:b-eth2"]
    - {type: vxlan, endpoint: {node: c, interface: eth1}, remote: 192.0.2.1, vni: 1}`,
);

describe('drawLab', () => {
  it('writes DOT', () => {
    const text = drawLab(lab, 'dot');
    expect(text).toContain('"a" -- "b" [taillabel="eth1", headlabel="eth1"];');
    expect(text).toContain('"b" -- "host" [taillabel="eth2", headlabel="b-eth2"];');
  });

  it('writes Mermaid', () => {
    expect(drawLab(lab, 'mermaid')).toContain('n0 ---|"eth1 - eth1"| n1');
  });

  it.each(['svg', 'drawio'] as const)('writes %s with every node and port', (format) => {
    const text = drawLab(lab, format);
    for (const name of ['a', 'b', 'c', 'host', 'vxlan', 'eth1', 'b-eth2', '192.0.2.1']) expect(text).toContain(name);
    expect(text.match(/<(\w+)/g)?.length).toBeGreaterThan(10);
  });
});
