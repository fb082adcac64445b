import { describe, expect, it } from 'vitest';
import { type ResolveOptions, resolveText } from './resolve.js';

function refusal(text: string, more: ResolveOptions = {}): string {
  try {
    resolveText('/labs/demo.clab.yml', text, { env: {}, exists: () => true, home: '/root', ...more });
  } catch (error) {
    const { message, hint, code } = error as Error & { hint?: string; code?: string };
    expect(code).toMatch(/^LC_/);
    return hint === undefined ? message : `${message} (${hint})`;
  }
  throw new Error('it was to be refused');
}

/** Two nodes, and a third one `c` with these keys in line 7. */
const node = (keys: string) => `name: demo
topology:
  nodes:
    a: {kind: linux, image: alpine}
    b: {kind: linux, image: alpine}

    c: {kind: linux, image: x, ${keys}}`;

/** Two nodes, and links in line 8. */
const link = (...links: string[]) => `name: demo
topology:
  nodes:
    a: {kind: linux, image: alpine}
    b: {kind: linux, image: alpine}
    s: {kind: ovs-bridge}
    h: {kind: host}
  links: [${links.join(', ')}]`;

const mgmt = (keys: string) => `name: demo
mgmt: {${keys}}
topology: {nodes: {a: {kind: linux, image: x, mgmt-ipv4: 172.20.20.5}}}`;

type Mistake = readonly [name: string, text: string, place: string, what: RegExp, hint: RegExp | string];

const ofTheFile: readonly Mistake[] = [
  ['bad YAML', 'name: x\ntopology:\n  nodes:\n   a: [1', '4:9', /./, 'YAML: look at the indentation'],
  ['a tab', 'name: x\n\ttopology:', '2:1', /./, 'YAML: look at the indentation'],
  ['a list', '- name: x', '1:1', /the file: .* is not a map/, 'write "key: value"'],
  ['nothing', '', '1:1', /the file: .* is not a map/, 'write "key: value"'],
  ['no name', 'topology: {nodes: {a: {kind: host}}}', '1:1', /"name" is missing/, 'write "name: ..." there'],
  ['no topology', 'name: x', '1:1', /"topology" is missing/, 'write "topology: ..." there'],
  ['no nodes', 'name: x\ntopology: {}', '2:11', /there are no nodes/, 'name at least one'],
  ['lab name', 'name: a b\ntopology: {nodes: {a: {kind: host}}}', '1:7', /cannot be the name of a lab/, 'use letters'],
  ['duplicate name', node('cpu: 1').replace('b:', 'a:'), '5:5', /"a" is given twice/, 'names must be unique'],
  ['key at the top', `nmae: x\n${node('')}`, '1:1', /there is no key "nmae" at the top/, 'did you mean "name"?'],
  ['key in mgmt', mgmt('netwrok: x'), '2:8', /no key "netwrok" in mgmt/, 'did you mean "network"?'],
  ['template', 'name: {{ .x', '', /template, line 1: .* is not closed/, 'range'],
  [
    'who is checked',
    `check: {pings: [{from: d, to: 10.0.0.1}]}\n${node('')}`,
    '1:24',
    /no node "d"/,
    /did you mean|known here/,
  ],
];

const ofNodes: readonly Mistake[] = [
  ['unknown key', node('imge: y'), '7:32', /no key "imge" in topology\.nodes\.c/, 'did you mean "image"?'],
  [
    'unknown kind',
    node('').replace('linux, image: x', 'linx'),
    '7:15',
    /the kind "linx" is not known/,
    'did you mean "linux"?',
  ],
  [
    'kind of others',
    node('').replace('linux, image: x', 'nokia_srlinux'),
    '7:15',
    /"nokia_srlinux" is not known/,
    'a container of any sort is of kind linux',
  ],
  ['no image', node('').replace(', image: x', ''), '7:8', /node c has no image/, 'image: NAME:TAG'],
  ['no kind', node('').replace('kind: linux, image: x', 'image: x'), '7:8', /node c has no kind/, 'write kind: linux'],
  ['node name', node('').replace('c:', '"c d":'), '7:12', /"c d" cannot be the name of a node/, 'use letters'],
  ['reserved name', node('').replace('c:', 'host:'), '7:11', /"host" cannot be/, 'have a meaning in links'],
  ['text for a list', node('exec: ls'), '7:38', /exec: "ls" is not a list/, 'write [one, two]'],
  ['list for text', node('image-pull-policy: [a]'), '7:51', /\["a"\] is not known here/, /Never/],
  ['list for a map', node('env: [A=1]'), '7:37', /env: \["A=1"\] is not a map/, '"key: value"'],
  ['text for a flag', node('privileged: "yes"'), '7:44', /"yes" is not true or false/, 'without quotes'],
  ['number in words', node('cpu: two'), '7:37', /"two" is not a number/, 'without quotes'],
  ['negative cpu', node('cpu: -1'), '7:37', /-1 is too small/, 'the least is 0'],
  ['size', node('memory: lots'), '7:40', /"lots" is not a size/, '512mb'],
  ['restart policy', node('restart-policy: allways'), '7:48', /"allways" is not known/, 'did you mean "always"?'],
  ['network mode', node('network-mode: hots'), '7:46', /"hots" is not a network mode/, 'container:NODE'],
  ['long delay', node('startup-delay: 9999'), '7:47', /9999 is too large/, 'the most is 3600'],
  ['management address', node('mgmt-ipv4: 172.20.20.300'), '7:43', /is not an IPv4 address/, '172.20.20.11'],
  [
    'address elsewhere',
    node('mgmt-ipv4: 10.0.0.1'),
    '7:43',
    /10\.0\.0\.1 is not in 172\.20\.20\.0\/24/,
    'choose one of',
  ],
  [
    'address of another',
    node('mgmt-ipv6: "3fff:172:20:20::9"').replace('alpine}', 'alpine, mgmt-ipv6: "3fff:172:20:20::9"}'),
    '7:43',
    /is the address of a too/,
    'choose another',
  ],
  ['port', node('ports: ["80:80:80:80"]'), '7:40', /"80:80:80:80" is not a port/, '"8080:80"'],
  ['open quote', node(`cmd: "sh -c 'x"`), '7:37', /left open/, ''],
  ['waits for nobody', node('wait-for: [aa]'), '7:8', /wait-for names the node "aa"/, 'did you mean "a"?'],
  ['waits for itself', node('wait-for: [c]'), '7:8', /waits for itself/, 'name another node'],
  [
    'stage',
    node('stages: {create: {wait-for: [{node: a, stage: helthy}]}}'),
    '7:78',
    /"helthy" is not known/,
    'did you mean "healthy"?',
  ],
  [
    'endless wait',
    `${node('stages: {create: {wait-for: [{node: d, stage: exit}]}}')}\n    d: {kind: bridge}`,
    '7:40',
    /the end of d, which never ends/,
    'another stage',
  ],
  [
    'circle',
    `${node('wait-for: [d]')}\n    d: {kind: linux, image: x, wait-for: [c]}`,
    '7:8',
    /wait for each other: c -> d -> c/,
    'take one',
  ],
  [
    'circle of stages',
    `${node('stages: {configure: {wait-for: [{node: d, stage: configure}]}}')}\n    d: {kind: linux, image: x, network-mode: "container:c", stages: {create: {wait-for: [{node: c, stage: healthy}]}}}`,
    '7:8',
    /wait for each other/,
    'take one',
  ],
  [
    'group',
    node('group: sipnes').replace('  nodes:', '  groups: {spines: {cpu: 1}}\n  nodes:'),
    '8:39',
    /no group "sipnes"/,
    'did you mean "spines"?',
  ],
  ['daemon', node('frr: {daemons: [bgp]}'), '7:47', /"bgp" is not a daemon/, 'did you mean "bgpd"?'],
  [
    'dpid',
    node('').replace('linux, image: x', 'ovs-bridge, ovs: {dpid: zero}'),
    '7:39',
    /"zero" is not a datapath ID/,
    '',
  ],
  [
    'controller',
    node('').replace('linux, image: x', 'ovs-bridge, ovs: {controllers: [embedded, "tcp:localhost:6653"]}'),
    '7:57',
    /"tcp:localhost:6653" is not a controller/,
    /write tcp:IP:PORT, .* embedded:APP/,
  ],
  [
    'app of a controller',
    node('').replace('linux, image: x', 'ovs-bridge, ovs: {controllers: ["embedded:../x"]}'),
    '7:47',
    /"embedded:..\/x" is not a controller/,
    /write tcp:IP:PORT, .* embedded:APP/,
  ],
  [
    'bridge name',
    node('').replace('c: {kind: linux, image: x', 'bridge-of-the-lab: {kind: bridge'),
    '7:24',
    /not an interface name/,
    '1 to 15',
  ],
  [
    'fail mode',
    node('').replace('linux, image: x', 'ovs-bridge, ovs: {fail-mode: safe}'),
    '7:44',
    /"safe" is not known/,
    /secure/,
  ],
  ['download', node('startup-config: "https://x/y"'), '7:48', /would have to be downloaded/, 'fetch it'],
];

const ofLinks: readonly Mistake[] = [
  [
    'unknown node',
    link('{endpoints: ["a:eth1", "bb:eth1"]}'),
    '8:34',
    /leads to node "bb", which is not there/,
    'did you mean "b"?',
  ],
  [
    'port twice',
    link('{endpoints: ["a:eth1", "b:eth1"]}', '{endpoints: ["a:eth1", "b:eth2"]}'),
    '8:59',
    /a:eth1 is used by the link at demo\.clab\.yml:8:24/,
    'takes one link',
  ],
  [
    'host name twice',
    link('{endpoints: ["a:eth1", "s:x"]}', '{endpoints: ["b:eth1", "h:x"]}'),
    '8:66',
    /h:x is used/,
    'give each its own name',
  ],
  ['one endpoint', link('{endpoints: ["a:eth1"]}'), '8:11', /has 2 endpoints, not 1/, 'write endpoints'],
  [
    'three endpoints',
    link('{endpoints: ["a:eth1", "b:eth1", "s:x"]}'),
    '8:11',
    /has 2 endpoints, not 3/,
    'write endpoints',
  ],
  ['no interface', link('{endpoints: ["a", "b:eth1"]}'), '8:24', /"a" is not an endpoint/, 'NODE:INTERFACE'],
  ['empty interface', link('{endpoints: ["a:", "b:eth1"]}'), '8:24', /interface of a is missing/, 'NODE:INTERFACE'],
  ['long interface', link('{endpoints: ["a:abcdefghijklmnop", "b:eth1"]}'), '8:24', /not an interface name/, ''],
  [
    'management',
    link('{endpoints: ["a:eth0", "b:eth1"]}'),
    '8:24',
    /eth0 of a is its management interface/,
    'begin with eth1',
  ],
  ['mtu', link('{endpoints: ["a:eth1", "b:eth1"], mtu: 20}'), '8:50', /mtu: 20 is too small/, 'the least is 68'],
  ['mtu in words', link('{endpoints: ["a:eth1", "b:eth1"], mtu: big}'), '8:50', /"big" is not a/, 'without quotes'],
  [
    'address',
    link('{endpoints: ["a:eth1", "b:eth1"], ipv4: ["10.0.0.1"]}'),
    '8:24',
    /"10.0.0.1" is not an address with a prefix/,
    'write it as',
  ],
  [
    'mac',
    link('{endpoints: [{node: a, interface: eth1, mac: zz}, "b:eth1"]}'),
    '8:24',
    /"zz" is not a MAC address/,
    '',
  ],
  [
    'ofport',
    link('{endpoints: ["a:eth1", {node: s, interface: x, ofport: 70000}]}'),
    '8:66',
    /70000 is too large/,
    'the most is 65279',
  ],
  ['unknown key', link('{endpoints: ["a:eth1", "b:eth1"], mut: 1}'), '8:45', /no key "mut"/, 'did you mean "mtu"?'],
  [
    'unknown type',
    link('{type: vteh, endpoints: ["a:eth1", "b:eth1"]}'),
    '8:18',
    /"vteh" is not known/,
    'did you mean "veth"?',
  ],
  ['vxlan', link('{type: vxlan, endpoint: {node: a, interface: x}}'), '8:11', /needs remote and vni/, 'write remote'],
  [
    'macvlan',
    link('{type: macvlan, endpoint: {node: a, interface: x}}'),
    '8:11',
    /needs the interface of the host/,
    'host-interface',
  ],
  [
    'macvlan mode',
    link('{type: macvlan, mode: bridg, endpoint: {node: a, interface: x}}'),
    '8:33',
    /"bridg" is not known/,
    'did you mean "bridge"?',
  ],
];

const ofManagement: readonly Mistake[] = [
  ['subnet', mgmt('ipv4-subnet: 172.30.0.0'), '2:21', /"172.30.0.0" is not an address with a prefix/, '/24'],
  ['family', mgmt('ipv6-subnet: 172.30.0.0/24'), '2:21', /is not an IPv6 subnet/, '3fff'],
  [
    'gateway',
    mgmt('ipv4-subnet: 172.20.20.0/24, ipv4-gw: 10.0.0.1'),
    '2:46',
    /10.0.0.1 is not in 172.20.20.0\/24/,
    'choose one',
  ],
  ['mtu', mgmt('mtu: 70000'), '2:13', /70000 is too large/, '65535'],
  ['wishes', mgmt('network: bridge'), '3:58', /takes no wishes/, 'another network'],
];

describe.each([
  ['the file', ofTheFile],
  ['nodes', ofNodes],
  ['links', ofLinks],
  ['the management network', ofManagement],
] as const)('a mistake in %s', (_, mistakes) => {
  it.each(mistakes)('%s', (_name, text, place, what, hint) => {
    const [first = ''] = refusal(text).split('\n');
    const position = /^demo\.clab\.yml:(\d+:\d+): /.exec(first)?.[1] ?? '';
    expect(`${position} ${first}`).toMatch(what);
    expect(position, first).toBe(place);
    expect(first.slice(first.lastIndexOf('('))).toMatch(hint);
  });
});

describe('a file that is missing', () => {
  const missing: ResolveOptions = { exists: () => false };

  it.each([
    ['bind', 'binds: ["conf/x:/etc/x"]', '7:40', /needs \/labs\/conf\/x, which does not exist \(make it/],
    [
      'startup-config',
      'startup-config: c.cfg',
      '7:48',
      /startup-config \/labs\/c\.cfg does not exist \(the path is rel/,
    ],
    ['env-files', 'env-files: [e]', '7:43', /the file \/labs\/e cannot be read \(the path is relative/],
  ])('%s', (_, keys, place, reason) => {
    const text = refusal(node(keys), missing);
    expect(text).toMatch(reason);
    expect(text).toContain(`demo.clab.yml:${place}: `);
  });

  it('inventory', () => {
    const text = refusal(node('binds: ["__clabDir__/topology-data.json:/x"]'), missing);
    expect(text).toMatch(/:7:40: .* which is not written here \(take the bind away\)/);
  });

  it('may be one that the lab makes itself', () => {
    const text = node('binds: ["__clabNodeDir__/x:/etc/x"]');
    expect(resolveText('/labs/demo.clab.yml', text, { env: {}, home: '/root', ...missing }).nodes).toHaveLength(3);
  });
});

it('tells all mistakes at once, in the order of the file', () => {
  const lines = refusal(link('{endpoints: ["x:eth1", "b:eth1"]}').replace(', image: alpine', '')).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('no image');
});
