import { describe, expect, it } from 'vitest';
import { parseSize } from './container.js';
import { type ResolveOptions, resolveText } from './resolve.js';
import type { Cable } from './types.js';

const options: ResolveOptions = { env: {}, exists: () => true, home: '/root' };
const resolve = (text: string, more: ResolveOptions = {}) =>
  resolveText('/labs/demo.clab.yml', text, { ...options, ...more });

/** A lab of two linux nodes with further lines below `topology`. */
const pair = (more = '', nodes = '') => `
name: demo
topology:
  nodes:
    a: {kind: linux, image: alpine}
    b: {kind: linux, image: alpine}
${nodes}
${more}`;

describe('inheritance', () => {
  const lab = resolve(`
name: demo
topology:
  defaults: {kind: linux, env: {A: 1, B: defaults}, exec: [echo d], binds: ['x:/x', 'y:/y']}
  kinds:
    linux: {image: kind-image, env: {B: kind}, cpu: 1.5, exec: [echo k]}
  groups:
    g: {image: group-image, env: {C: group}, memory: 512mb, binds: ['z:/x:ro']}
  nodes:
    one: {}
    two: {group: g, env: {A: own}, exec: ['echo "two words"'], cmd: sleep 5, labels: {k: __clabNodeName__}}
    three:
      image: own
`);
  const [one, two, three] = lab.nodes;

  it('takes the nearest of node, group, kind and defaults', () => {
    expect([one!.image, two!.image, three!.image]).toEqual(['kind-image', 'group-image', 'own']);
    expect(two).toMatchObject({ cpu: 1.5, memory: 512 << 20, group: 'g', cmd: ['sleep', '5'] });
  });

  it('merges maps, joins exec, and lets a bind replace the one with the same target', () => {
    expect(two!.env).toEqual({ A: 'own', B: 'kind', C: 'group' });
    expect(two!.exec).toEqual([
      ['echo', 'd'],
      ['echo', 'k'],
      ['echo', 'two words'],
    ]);
    expect(two!.binds).toEqual([
      { source: '/labs/z', target: '/x', mode: 'ro' },
      { source: '/labs/y', target: '/y', mode: '' },
    ]);
  });

  it('fills in the names of the lab', () => {
    expect(two).toMatchObject({ labels: { k: 'two' }, longName: 'clab-demo-two', folder: '/labs/clab-demo/two' });
    expect(lab).toMatchObject({ folder: '/labs/clab-demo', mgmt: { network: 'clab', ipv4Subnet: '172.20.20.0/24' } });
  });

  it.each([
    ['', 'a'],
    ['__lab-name', 'demo-a'],
    ['net', 'net-demo-a'],
  ])('names containers with the prefix %j', (prefix, name) => {
    expect(resolve(`prefix: "${prefix}"\n${pair()}`).nodes[0]!.longName).toBe(name);
  });
});

describe('links', () => {
  const links = (text: string, nodes = '') => resolve(pair(`  links:\n${text}`, nodes)).links;

  it('reads brief and extended links as the same', () => {
    const [brief, extended] = links(`
    - {endpoints: ["a:eth1", "b:eth1"], mtu: 1500, vars: {x: 1}}
    - type: veth
      mtu: 1500
      endpoints:
        - {node: a, interface: eth2, mac: "02:00:00:00:00:01", ipv4: 10.0.0.1/24}
        - {node: b, interface: eth2, ipv6: ["fd00::2/64"]}`) as Cable[];
    expect(brief).toMatchObject({ type: 'cable', mtu: 1500, a: { node: 'a', name: 'eth1' }, b: { node: 'b' } });
    expect(extended!.a).toMatchObject({ mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] });
    expect(extended!.b.addresses).toEqual(['fd00::2/64']);
  });

  it('leads to the host and to the management network', () => {
    const found = links(`
    - endpoints: ["a:eth1", "host:a-eth1"]
    - endpoints: ["a:eth2", "mgmt-net:a-eth2"]
    - {type: host, endpoint: {node: a, interface: eth3}, host-interface: a-eth3}
    - {type: mgmt-net, endpoint: {node: a, interface: eth4}, host-interface: a-eth4}`) as Cable[];
    expect(found.map(({ b }) => `${b.node} ${b.name}`)).toEqual([
      'host a-eth1',
      'mgmt-net a-eth2',
      'host a-eth3',
      'mgmt-net a-eth4',
    ]);
  });

  it('leads out of the lab', () => {
    expect(
      links(`
    - endpoints: ["a:eth1", "macvlan:enp0s3"]
    - endpoints: ["a:eth2", "dummy"]
    - {type: vxlan, endpoint: {node: a, interface: eth3}, remote: 192.0.2.1, vni: 5}
    - {type: macvlan, endpoint: {node: a, interface: eth4}, host-interface: x0, mode: vepa}`),
    ).toMatchObject([
      { type: 'macvlan', parent: 'enp0s3', mode: 'bridge' },
      { type: 'dummy' },
      { type: 'vxlan', vxlan: { remote: '192.0.2.1', vni: 5, port: 4789 } },
      { type: 'macvlan', parent: 'x0', mode: 'vepa' },
    ]);
  });

  it('gives addresses to both ends of a brief link', () => {
    const [link] = links('    - {endpoints: ["a:eth1", "b:eth1"], ipv4: [10.0.0.1/30, 10.0.0.2/30]}') as Cable[];
    expect([link!.a.addresses, link!.b.addresses]).toEqual([['10.0.0.1/30'], ['10.0.0.2/30']]);
  });

  it('asks for the OpenFlow port that the name or the option says', () => {
    const found = links(
      `
    - endpoints: ["a:eth1", "s1:s1-eth7"]
    - endpoints: [{node: a, interface: eth2}, {node: s1, interface: uplink, ofport: 9}]
    - endpoints: ["b:eth2", "s1:other"]`,
      '    s1: {kind: ovs-bridge}',
    ) as Cable[];
    expect(found.map(({ b }) => b.ofport)).toEqual([7, 9, undefined]);
  });

  it('has controllers in one writing', () => {
    const text = pair(
      '',
      '    s1: {kind: ovs-bridge, ovs: {controllers: [embedded, "embedded:hub?b=1&a=2", "tcp:[::1]:6653"]}}',
    );
    expect(resolve(text).nodes[2]!.ovs.controllers).toEqual([
      'embedded:learning-switch',
      'embedded:hub?a=2&b=1',
      'tcp:[::1]:6653',
    ]);
  });

  it('names front-panel ports as the system of the node does', () => {
    const found = links(
      '    - endpoints: ["o:1", "s:2"]',
      `    o: {kind: openswitch, image: o}
    s: {kind: openswitch, image: s, openswitch: {netns: asic, ports: {name: "Ethernet{n}", first: 0, step: 4}}}`,
    ) as Cable[];
    expect([found[0]!.a.name, found[0]!.b.name]).toEqual(['1', 'Ethernet4']);
  });
});

describe('the text of the file', () => {
  it('is a template with variables', () => {
    const text =
      'name: t\ntopology:\n  nodes:\n{{- range $i := seq 1 .count }}\n    n{{ $i }}: {kind: linux, image: {{ $.image }}}\n{{- end }}';
    const lab = resolve(text, { variables: { count: 3, image: 'alpine' } });
    expect(lab.nodes.map((node) => node.name)).toEqual(['n1', 'n2', 'n3']);
  });

  it('knows the environment, anchors and merge keys', () => {
    const text = `name: \${LAB:=demo}\ntopology:\n  nodes:\n    a: &n {kind: linux, image: "\${IMAGE}"}\n    b: {<<: *n, cpu: 2}`;
    expect(resolve(text, { env: { IMAGE: 'alpine:3' } }).nodes[1]).toMatchObject({
      image: 'alpine:3',
      cpu: 2,
      kind: 'linux',
    });
  });

  it('says what has no effect', () => {
    expect(resolve(pair('', '    c: {kind: linux, image: x, license: l}')).warnings).toEqual([
      'demo.clab.yml:7:8: "license" has no effect on the kind linux',
    ]);
  });
});

describe('a filter of nodes', () => {
  it('keeps the links between them', () => {
    const text = pair('  links: [{endpoints: ["a:eth1", "b:eth1"]}, {endpoints: ["a:eth2", "host:x"]}]');
    expect(resolve(text, { nodeFilter: ['a'] })).toMatchObject({
      nodes: [{ name: 'a' }],
      links: [{ b: { node: 'host' } }],
    });
    expect(() => resolve(text, { nodeFilter: ['c'] })).toThrow(/names the node "c"/);
  });

  it('waits for none that is left out', () => {
    const text = pair('', '    c: {kind: linux, image: x, wait-for: [a, b]}');
    expect(resolve(text, { nodeFilter: ['b', 'c'] }).nodes[1]!.stages.create.waitFor).toEqual([
      { node: 'b', stage: 'create' },
    ]);
  });
});

it.each([
  ['512mb', 512 << 20],
  ['1Gb', 1 << 30],
  ['1.5k', 1536],
  ['77', 77],
])('parses the size %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
