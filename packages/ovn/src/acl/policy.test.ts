import { describe, expect, it } from 'vitest';
import { aclPolicy, readGroups } from './policy.js';
import { groupTitle, labelGroup, networkGroup, policyRows } from './rows.js';

const rowsOf = (value: unknown) => [...policyRows(aclPolicy.parse(value)).values()].flat();
const matchOf = (rule: object) =>
  rowsOf({ groups: { web: { rules: [{ direction: 'to', action: 'allow', ...rule }] }, clients: {} } })[0]?.match;
const problems = (value: unknown) => {
  const result = aclPolicy.safeParse(value);
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
};
const discovery = '(nd || nd_rs || nd_ra || mldv1 || mldv2)';

describe('a policy', () => {
  it('becomes the ACLs of port groups', () => {
    const rule = { direction: 'to', action: 'allow', peer: { group: 'clients' }, protocol: 'tcp', ports: [443, '80'] };
    const web = { default: { to: 'drop', log: true }, rules: [rule] };
    expect(rowsOf({ groups: { 'web-only': web, clients: null } })).toEqual([
      {
        group: 'lca_web_2donly',
        direction: 'to-lport',
        priority: 32_500,
        match: `outport == @lca_web_2donly && ${discovery}`,
        action: 'allow',
      },
      {
        group: 'lca_web_2donly',
        direction: 'to-lport',
        priority: 1000,
        match:
          'outport == @lca_web_2donly && (tcp.dst == 80 || tcp.dst == 443) && ' +
          '(ip4.src == $lca_clients_ip4 || ip6.src == $lca_clients_ip6)',
        action: 'allow-related',
      },
      {
        group: 'lca_web_2donly',
        direction: 'to-lport',
        priority: 1,
        match: 'outport == @lca_web_2donly && ip',
        action: 'drop',
        name: 'web-only',
        severity: 'info',
      },
    ]);
  });

  it('matches protocols, ranges of ports and networks of both families', () => {
    expect(matchOf({ protocol: 'udp', ports: ['8000-8100'] })).toBe(
      'outport == @lca_web && (udp.dst >= 8000 && udp.dst <= 8100)',
    );
    expect(matchOf({ protocol: 'icmp' })).toBe('outport == @lca_web && (icmp4 || icmp6)');
    expect(matchOf({ direction: 'from', peer: { cidr: ['10.1.2.3/8', '192.0.2.1', 'fd00::/8'] } })).toBe(
      `inport == @lca_web && ip && (ip4.dst == {10.0.0.0/8, 192.0.2.1/32} || ip6.dst == {fd00::/8})`,
    );
    expect(rowsOf({ networks: { net: { default: { from: 'reject' } } } })[1]).toMatchObject({
      match: 'inport == @lcn_net && ip',
      action: 'reject',
    });
  });

  it('is refused with the place and what is allowed', () => {
    const rule = (extra: object) => ({ groups: { web: { rules: [{ direction: 'to', action: 'drop', ...extra }] } } });
    expect(problems(rule({ action: 'deny' }))).toEqual([
      'groups.web.rules.0.action: Invalid option: expected one of "allow"|"drop"|"reject"',
    ]);
    expect(problems(rule({ ports: [80] }))[0]).toContain('rules.0.ports: ports need a protocol that has them');
    expect(problems(rule({ protocol: 'tcp', ports: ['9-8'] }))[0]).toContain('"9-8" is neither a port from 1 to 65535');
    expect(problems(rule({ protocol: 'tcp', ports: [70000] }))[0]).toContain('ports.0: "70000" is neither');
    expect(problems(rule({ peer: { cidr: ['10.0.0.0/33'] } }))[0]).toContain('cidr.0: "10.0.0.0/33" is neither');
    expect(problems(rule({ peer: { group: 'nobody' } }))[0]).toContain('there is no group "nobody" under groups, only');
    expect(problems(rule({ peer: {} }))[0]).toContain('by either group or cidr');
    expect(problems({ groups: { 'a b': {} } })[0]).toContain('groups.a b: is not the name of a group');
    expect(problems({ group: {} })[0]).toContain('Unrecognized key: "group"');
  });
});

describe('a label', () => {
  it('names groups, each once', () => {
    expect(readGroups('web-only, db,web-only')).toEqual(['db', 'web-only']);
    expect(readGroups('')).toEqual([]);
    expect(() => readGroups('web only')).toThrow('"web only" cannot stand in linecard.acl');
  });

  it('has a port group of its own for each name, which can be read back', () => {
    const names = ['web-only', 'web_only', 'web.only', 'web-2donly', 'W'];
    expect(new Set(names.map(labelGroup)).size).toBe(names.length);
    expect(names.map((name) => groupTitle(labelGroup(name)))).toEqual(names);
    expect(groupTitle(networkGroup('my_net'))).toBe('network my_net');
    for (const name of names) expect(labelGroup(name)).toMatch(/^[A-Za-z_.][A-Za-z_.0-9]*$/);
  });
});
