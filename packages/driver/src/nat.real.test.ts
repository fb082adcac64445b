import { applyNft, listNft } from '@linecard/linux';
import { parseCidr } from '@linecard/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { whyNotHere } from '../../linux/src/testing/own-netns.js';
import { type FirewallPlan, type NatNetwork, natRuleset, natTable, type PublishedPort } from './nat.js';

const why = whyNotHere();

const web: PublishedPort = { protocol: 'tcp', hostIp: '', hostPort: 8080, address: '172.12.0.8', port: 80 };
const nat: NatNetwork = {
  bridge: 'lc0123456789ab',
  mode: 'nat',
  internal: false,
  pools: [parseCidr('172.12.0.0/24'), parseCidr('fd00::/64')],
};
const plan: FirewallPlan = { active: true, networks: [nat], published: [web], dockerBridges: [] };
const table = { family: 'inet', name: natTable } as const;

async function rulesOf(chain: string): Promise<number> {
  const objects = (await listNft(table)) ?? [];
  return objects.filter(({ rule }) => (rule as { chain?: string } | undefined)?.chain === chain).length;
}

describe.skipIf(why !== undefined)(`the ruleset${why === undefined ? '' : ` (${why})`}`, () => {
  afterEach(() => applyNft(natRuleset({ active: false, networks: [], published: [], dockerBridges: [] })));

  it.each<[string, Partial<FirewallPlan>]>([
    ['no network', { networks: [], published: [] }],
    ['a network', {}],
    ['a routed one', { networks: [{ ...nat, mode: 'routed' }] }],
    ['an internal one', { networks: [{ ...nat, internal: true }] }],
    ['one of IPv6 alone', { networks: [{ ...nat, pools: [parseCidr('fd00::/64')] }], published: [] }],
    ['several', { networks: [nat, { ...nat, bridge: 'ovs-lan.7_x', mode: 'routed' }, { ...nat, bridge: 'third' }] }],
    ["Docker's bridges", { dockerBridges: ['docker0', 'br-0123456789ab'] }],
    [
      'ports of every kind',
      {
        published: [
          web,
          { ...web, protocol: 'udp' },
          { ...web, protocol: 'sctp' },
          { ...web, hostIp: '127.0.0.1' },
          { ...web, hostIp: '0.0.0.0' },
          { ...web, hostIp: '2001:db8::1', address: 'fd00::8' },
          { ...web, hostIp: '::', address: 'fd00::8' },
          { ...web, address: 'fd00::8' },
        ],
      },
    ],
  ])('is taken by the kernel, twice over: %s', async (_, part) => {
    const ruleset = natRuleset({ ...plan, ...part });
    await applyNft(ruleset);
    await applyNft(ruleset);
    expect(await listNft(table)).toBeDefined();
    expect(await listNft({ family: 'arp', name: natTable })).toBeDefined();
  });

  it('replaces the one before as a whole, and leaves nothing when it is inactive', async () => {
    await applyNft(natRuleset({ ...plan, published: [web, { ...web, hostPort: 8081 }] }));
    expect(await rulesOf('published')).toBe(2);
    await applyNft(natRuleset(plan));
    expect(await rulesOf('published')).toBe(1);
    await applyNft(natRuleset({ ...plan, networks: [], published: [] }));
    expect(await rulesOf('published')).toBe(0);
    await applyNft(natRuleset({ ...plan, active: false }));
    expect(await listNft(table)).toBeUndefined();
    expect(await listNft({ family: 'arp', name: natTable })).toBeUndefined();
  });

  it('publishes on the family of the address that was named', async () => {
    const v6 = 'fd00::8';
    await applyNft(natRuleset({ ...plan, published: [{ ...web, hostIp: '0.0.0.0', address: v6 }] }));
    expect(await rulesOf('published')).toBe(0);
    await applyNft(natRuleset({ ...plan, published: [{ ...web, hostIp: '::', address: v6 }] }));
    expect(await rulesOf('published')).toBe(1);
  });
});

describe('the text of the ruleset', () => {
  it('masquerades what leaves a nat network, and nothing of a routed or internal one', () => {
    const leaving = 'oifname != "lc0123456789ab" ip saddr 172.12.0.0/24 masquerade';
    expect(natRuleset(plan)).toContain(leaving);
    expect(natRuleset({ ...plan, networks: [{ ...nat, mode: 'routed' }] })).not.toContain(leaving);
    expect(natRuleset({ ...plan, networks: [{ ...nat, internal: true }] })).not.toContain(leaving);
  });

  it('closes nat networks to strangers and leaves routed ones open', () => {
    const closed = 'oifname { "lc0123456789ab" } drop';
    expect(natRuleset(plan)).toContain(closed);
    expect(natRuleset({ ...plan, networks: [{ ...nat, mode: 'routed' }] })).not.toContain(closed);
  });
});
