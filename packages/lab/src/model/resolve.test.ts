import { describe, expect, it } from 'vitest';
import { parseSize } from './nodes.js';
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

function refusal(text: string, more: ResolveOptions = {}): string {
  try {
    resolve(text, more);
  } catch (error) {
    const { message, hint, code } = error as Error & { hint?: string; code?: string };
    expect(code).toMatch(/^LC_/);
    return hint === undefined ? message : `${message} (${hint})`;
  }
  throw new Error('it was to be refused');
}

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

  it('names front-panel ports as the system of the node does', () => {
    const found = links(
      '    - endpoints: ["o:1", "s:2"]',
      `    o: {kind: openswitch, image: o}
    s: {kind: openswitch, image: s, openswitch: {netns: asic, ports: {name: "Ethernet{n}", first: 0, step: 4}}}`,
    ) as Cable[];
    expect([found[0]!.a.name, found[0]!.b.name]).toEqual(['1', 'Ethernet4']);
  });
});

describe('mistakes', () => {
  it.each([
    [
      'unknown node',
      pair('  links: [{endpoints: ["a:eth1", "bb:eth1"]}]'),
      /demo\.clab\.yml:\d+:\d+: .*"bb", which is not there \(did you mean "b"\?\)/,
    ],
    [
      'same port twice',
      pair('  links: [{endpoints: ["a:eth1", "b:eth1"]}, {endpoints: ["a:eth1", "b:eth2"]}]'),
      /a:eth1 is used by the link at demo\.clab\.yml:8:\d+ already/,
    ],
    [
      'duplicate name',
      pair('', '    a: {kind: linux, image: x}'),
      /:7:5: the name "a" is given twice \(names must be unique/,
    ],
    ['bad YAML', 'name: x\ntopology:\n  nodes:\n   a: [1', /demo\.clab\.yml:\d+:\d+: .*\(YAML:/],
    ['tabs', 'name: x\n\ttopology:', /demo\.clab\.yml:2:\d+/],
    [
      'unknown key',
      pair('', '    c: {kind: linux, imge: x}'),
      /:7:22: there is no key "imge" in topology\.nodes\.c \(did you mean "image"\?\)/,
    ],
    [
      'unknown key in a link',
      pair('  links: [{endpoint: ["a:eth1"], mut: 5}]'),
      /no key "mut" .*\(did you mean "mtu"\?\)/,
    ],
    [
      'unknown key at the top',
      `nmae: x\n${pair()}`,
      /:1:1: there is no key "nmae" at the top \(did you mean "name"\?\)/,
    ],
    [
      'unknown kind',
      pair('', '    c: {kind: linx, image: x}'),
      /:7:15: the kind "linx" is not known \(did you mean "linux"\?/,
    ],
    ['no image', pair('', '    c: {kind: frr}'), /node c has no image/],
    ['no kind', pair('', '    c: {image: frr}'), /node c has no kind/],
    ['no name', 'topology: {nodes: {a: {kind: linux, image: x}}}', /"name" is missing/],
    ['no nodes', 'name: x\ntopology: {}', /there are no nodes/],
    ['wrong type', pair('', '    c: {kind: linux, image: x, exec: ls}'), /topology\.nodes\.c\.exec: .*expected array/],
    ['one endpoint', pair('  links: [{endpoints: ["a:eth1"]}]'), /a veth link has 2 endpoints, not 1/],
    ['no interface', pair('  links: [{endpoints: ["a", "b:eth1"]}]'), /"a" is not an endpoint/],
    ['long interface', pair('  links: [{endpoints: ["a:abcdefghijklmnop", "b:eth1"]}]'), /not an interface name/],
    [
      'management interface',
      pair('  links: [{endpoints: ["a:eth0", "b:eth1"]}]'),
      /eth0 of a is its management interface/,
    ],
    [
      'address',
      pair('  links: [{endpoints: ["a:eth1", "b:eth1"], ipv4: ["10.0.0.1"]}]'),
      /"10.0.0.1" is not an address with a prefix length/,
    ],
    ['size', pair('', '    c: {kind: linux, image: x, memory: lots}'), /:7:\d+: "lots" is not a size/],
    ['wait for nobody', pair('', '    c: {kind: linux, image: x, wait-for: [aa]}'), /wait-for names the node "aa"/],
    [
      'circle',
      pair('', '    c: {kind: linux, image: x, wait-for: [d]}\n    d: {kind: linux, image: x, wait-for: [c]}'),
      /wait for each other: c -> d -> c/,
    ],
    ['bad dpid', pair('', '    s: {kind: ovs-bridge, ovs: {dpid: zero}}'), /"zero" is not a datapath ID/],
    ['unset variable', `name: \${NO}\ntopology: {}`, /demo\.clab\.yml:1: the variable \$\{NO\} is not set/],
    ['lab name', 'name: a b\ntopology: {nodes: {a: {kind: host}}}', /cannot be the name of a lab/],
    ['check', `check: {pings: [{from: c, to: 10.0.0.1}]}\n${pair()}`, /there is no node "c"/],
  ])('%s', (_, text, reason) => expect(refusal(text)).toMatch(reason));

  it('a bind that is missing', () => {
    const text = pair('', '    c: {kind: linux, image: x, binds: ["conf/x:/etc/x"]}');
    expect(refusal(text, { exists: () => false })).toMatch(
      /:7:\d+: the bind "conf\/x:\/etc\/x" needs \/labs\/conf\/x, which does not exist \(make it/,
    );
    expect(
      resolve(pair('', '    c: {kind: linux, image: x, binds: ["__clabNodeDir__/x:/etc/x"]}'), { exists: () => false })
        .nodes,
    ).toHaveLength(3);
  });

  it('a startup-config that is missing', () => {
    const text = pair('', '    c: {kind: openswitch, image: x, startup-config: c.cfg}');
    expect(refusal(text, { exists: () => false })).toMatch(/the startup-config \/labs\/c\.cfg does not exist/);
  });

  it('tells all of them at once, in the order of the file', () => {
    const lines = refusal(pair('  links: [{endpoints: ["x:eth1", "b:eth1"]}]', '    c: {kind: frr}')).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('no image');
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
});

it.each([
  ['512mb', 512 << 20],
  ['1Gb', 1 << 30],
  ['1.5k', 1536],
  ['77', 77],
])('parses the size %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
