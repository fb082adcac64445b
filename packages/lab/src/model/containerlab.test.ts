import { describe, expect, it } from 'vitest';
import { resolveText } from './resolve.js';
import type { Cable } from './types.js';

/** What containerlab documents of its files is to mean the same here. */
const resolve = (text: string, env: Record<string, string> = {}, more = {}) =>
  resolveText('/labs/x.clab.yml', text, { env, exists: () => true, home: '/root', ...more });

const one = (keys: string, top = '') =>
  resolve(`name: x\n${top}topology:\n  nodes:\n    a: {kind: linux, image: alpine, ${keys}}`);

describe('defaults', () => {
  it('of the management network', () => {
    const { mgmt } = one('');
    expect(mgmt).toMatchObject({ network: 'clab', ipv4Subnet: '172.20.20.0/24', ipv6Subnet: '3fff:172:20:20::/64' });
    expect(mgmt).toMatchObject({ externalAccess: true, bridge: undefined, mtu: undefined });
  });

  it.each([
    ['ipv4-subnet: 172.100.100.0/24', '172.100.100.0/24', undefined],
    ['ipv6-subnet: "2001:172:100:100::/80"', undefined, '2001:172:100:100::/80'],
    ['ipv4_subnet: 172.100.100.0/24, ipv6_subnet: "2001:db8::/64"', '172.100.100.0/24', '2001:db8::/64'],
    ['ipv4-subnet: auto, ipv6-subnet: auto', undefined, 'auto'],
    ['network: custom', '172.20.20.0/24', '3fff:172:20:20::/64'],
  ])('of mgmt: {%s}', (keys, ipv4Subnet, ipv6Subnet) =>
    expect(one('', `mgmt: {${keys}}\n`).mgmt).toMatchObject({ ipv4Subnet, ipv6Subnet }),
  );

  it('of IPv6 on a host that has none', () => {
    const text = 'name: x\ntopology: {nodes: {a: {kind: host}}}';
    expect(resolve(text, {}, { exists: () => false }).mgmt.ipv6Subnet).toBeUndefined();
  });

  it.each([
    ['', 'always'],
    ['auto-remove: true', 'no'],
    ['restart-policy: unless-stopped', 'unless-stopped'],
  ])('of the restart policy of a linux node with {%s}', (keys, policy) =>
    expect(one(keys).nodes[0]).toMatchObject({ restartPolicy: policy, pull: 'missing', startupDelayS: 0 }),
  );

  it('of the MTU of links', () => {
    const { links } = resolve(`name: x
topology:
  nodes: {a: {kind: linux, image: i}, b: {kind: linux, image: i}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}, {type: veth, endpoints: [{node: a, interface: eth2}, {node: b, interface: eth2}]}]`);
    expect(links).toMatchObject([{ mtu: 9500 }, { mtu: 9500 }]);
  });
});

describe('inheritance', () => {
  it('takes the kind from the group, the group from the kind, and the default group', () => {
    const { nodes } = resolve(`name: x
topology:
  defaults: {kind: linux, group: fallback}
  kinds: {frr: {group: routers}}
  groups:
    clients: {kind: linux, image: client}
    routers: {image: router}
    fallback: {image: other}
  nodes: {c: {group: clients}, r: {kind: frr}, o: , s: {group: a free word, image: own}}`);
    expect(nodes.map(({ name, kind, group, image }) => [name, kind, group, image])).toEqual([
      ['c', 'linux', 'clients', 'client'],
      ['r', 'frr', 'routers', 'router'],
      ['o', 'linux', 'fallback', 'other'],
      ['s', 'linux', 'a free word', 'own'],
    ]);
  });

  it('runs every command as often as it is written, and joins what stages wait for', () => {
    const { nodes } = resolve(`name: x
topology:
  defaults: {kind: linux, image: i, exec: [date]}
  kinds: {linux: {exec: [date], stages: {create: {wait-for: [{node: z, stage: healthy}]}}}}
  nodes:
    a: {exec: [date], stages: {create: {wait-for: [{node: b, stage: create}], exec: {on-exit: [ls]}}}}
    b: {stages: {create: {exec: [{command: id, target: host}]}}}
    z: {kind: bridge}`);
    expect(nodes[0]!.exec).toEqual([['date'], ['date'], ['date']]);
    expect(nodes[0]!.stages.create).toEqual({
      waitFor: [
        { node: 'z', stage: 'healthy' },
        { node: 'b', stage: 'create' },
      ],
      exec: [{ command: ['ls'], onExit: true, onHost: false }],
    });
    expect(nodes[1]!.stages.create.exec).toEqual([{ command: ['id'], onExit: false, onHost: true }]);
  });
});

describe('names of old and of others', () => {
  it.each([
    ['mgmt_ipv4: 172.20.20.9', { mgmtIpv4: '172.20.20.9' }],
    ['mgmt_ipv6: "3fff:172:20:20::9"', { mgmtIpv6: '3fff:172:20:20::9' }],
  ])('%s is taken with a note', (keys, wanted) => {
    const lab = one(keys);
    expect(lab.nodes[0]).toMatchObject(wanted);
    expect(lab.warnings).toEqual([
      expect.stringMatching(/^x\.clab\.yml:4:\d+: "mgmt_ipv\d" is called "mgmt-ipv\d" now$/),
    ]);
  });

  it('takes what it has no use for with a note', () => {
    const keys = 'type: t, license: l, runtime: docker, position: p, publish: [tcp/22], certificate: {issue: true}';
    const notes = one(keys).warnings.map((text) => /"(.*)" has no effect/.exec(text)?.[1]);
    expect(notes.sort()).toEqual(['certificate', 'license', 'position', 'publish', 'runtime', 'type']);
  });

  it('knows frrouting, its daemons among the extras, and kinds in capitals', () => {
    const { nodes, warnings } = resolve(`name: x
topology:
  nodes:
    a: {kind: frrouting, image: i, extras: {frr: {daemons: [zebra, ospfd]}}}
    b: {kind: FRR, image: i}`);
    expect(nodes.map(({ kind, frr }) => [kind, frr.daemons])).toEqual([
      ['frr', ['ospfd']],
      ['frr', ['bgpd', 'ospfd', 'ospf6d', 'isisd', 'bfdd']],
    ]);
    expect(warnings).toEqual([]);
  });

  it('takes the whole environment when asked', () => {
    const text = 'name: x\ntopology: {nodes: {a: {kind: linux, image: i, env: {__IMPORT_ENVS: true, OWN: 1}}}}';
    expect(resolve(text, { SHELL_VAR: 's' }).nodes[0]!.env).toEqual({ SHELL_VAR: 's', OWN: '1' });
  });
});

describe('links in all forms of the documentation', () => {
  const { links, nodes } = resolve(`name: x
topology:
  nodes:
    a: {kind: linux, image: i}
    b: {kind: linux, image: i}
    br-clab: {kind: bridge}
    myovs: {kind: ovs-bridge}
    n1: {kind: ext-container, exec: [ip address add 192.168.0.1/24 dev eth1]}
  links:
    - endpoints: ["a:eth1", "br-clab:eth1"]
    - endpoints: ["myovs:ovsp1", "a:eth2"]
    - endpoints: ["a:eth3", "n1:eth1"]
    - endpoints: ["a:eth4", "host:a_eth4"]
    - endpoints: ["a:eth5", "mgmt-net:a_eth5"]
    - {endpoints: ["a:eth6", "b:eth6"], ipv4: ["", "192.168.2.1/24"], vars: {foo: bar}, labels: {x: 1}}
    - {type: host, endpoint: {node: a, interface: eth7, mac: "aa:c1:ab:00:00:07"}, host-interface: a_eth7, mtu: 1500}
    - {type: macvlan, endpoint: {node: a, interface: eth8}, host-interface: eno0, mode: source}`);

  it('become cables and stubs', () => {
    const shown = (links as Cable[]).map(({ type, a, b }) => `${type} ${a.node}:${a.name} ${b?.node}:${b?.name}`);
    expect(shown).toEqual([
      'cable a:eth1 br-clab:eth1',
      'cable myovs:ovsp1 a:eth2',
      'cable a:eth3 n1:eth1',
      'cable a:eth4 host:a_eth4',
      'cable a:eth5 mgmt-net:a_eth5',
      'cable a:eth6 b:eth6',
      'cable a:eth7 host:a_eth7',
      'macvlan a:eth8 undefined:undefined',
    ]);
    expect((links as Cable[])[5]).toMatchObject({ a: { addresses: [] }, b: { addresses: ['192.168.2.1/24'] } });
  });

  it('lead to containers of others by their own names', () => {
    expect(nodes.at(-1)).toMatchObject({
      longName: 'n1',
      exec: [['ip', 'address', 'add', '192.168.0.1/24', 'dev', 'eth1']],
    });
  });
});
