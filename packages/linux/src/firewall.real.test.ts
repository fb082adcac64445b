import { afterEach, describe, expect, it } from 'vitest';
import { ensureForwardChain, type ForwardChain, forwardChainRules, removeForwardChain } from './iptables.js';
import { applyNft, deleteNftTable, listNft } from './nft.js';
import { oracle, whyNotHere } from './testing/own-netns.js';

const why = whyNotHere();
const here = why === undefined ? '' : ` (${why})`;

describe.skipIf(why !== undefined)(`nftables${here}`, () => {
  const table = { family: 'inet', name: 'lc_test' } as const;
  afterEach(() => deleteNftTable(table));

  it('applies a ruleset, all or nothing', async () => {
    expect(await listNft(table)).toBeUndefined();
    await applyNft('table inet lc_test {\n chain post { type nat hook postrouting priority 100; masquerade\n }\n}\n');
    expect(oracle('nft', 'list', 'table', 'inet', 'lc_test')).toContain('masquerade');
    const kinds = (await listNft(table))?.flatMap((object) => Object.keys(object));
    expect(kinds).toEqual(['table', 'chain', 'rule']);
    await expect(applyNft('add chain inet lc_test two\nadd rule inet lc_test none accept\n')).rejects.toMatchObject({
      code: 'LC_COMMAND',
      stderr: expect.stringContaining('No such file'),
    });
    expect(oracle('nft', 'list', 'table', 'inet', 'lc_test')).not.toContain('two');
    expect([await deleteNftTable(table), await deleteNftTable(table)]).toEqual([true, false]);
  });

  it('refuses names that are none', async () => {
    await expect(listNft({ family: 'inet', name: 'x; flush ruleset' })).rejects.toMatchObject({ code: 'LC_INVALID' });
  });
});

describe.skipIf(why !== undefined).each([4, 6] as const)(`iptables for IPv%i${here}`, (family) => {
  const chain: ForwardChain = { family, name: 'LC-TEST' };
  const save = () => oracle(family === 4 ? 'iptables-save' : 'ip6tables-save', '-t', 'filter').split('\n');
  const jumps = () => save().filter((line) => line === '-A FORWARD -j LC-TEST').length;
  afterEach(() => removeForwardChain(chain));

  it('makes the chain, keeps it exact, and removes it', async () => {
    expect(await forwardChainRules(chain)).toBeUndefined();
    const first = ['-i', 'lc0', '-m', 'comment', '--comment', 'say "hi" \\ there', '-j', 'ACCEPT'];
    expect(await ensureForwardChain(chain, [first, ['-o', 'lc+', '-j', 'ACCEPT']])).toBe(true);
    expect(await forwardChainRules(chain)).toEqual([
      '-A LC-TEST -i lc0 -m comment --comment "say \\"hi\\" \\\\ there" -j ACCEPT',
      '-A LC-TEST -o lc+ -j ACCEPT',
    ]);
    await ensureForwardChain(chain, [['-i', 'lc1', '-j', 'ACCEPT']]);
    await ensureForwardChain(chain, [['-i', 'lc1', '-j', 'ACCEPT']]);
    expect(save().filter((line) => line.startsWith('-A LC-TEST'))).toEqual(['-A LC-TEST -i lc1 -j ACCEPT']);
    expect(jumps()).toBe(1);
    expect(await removeForwardChain(chain)).toBe(true);
    expect(save().join('\n')).not.toContain('LC-TEST');
    expect(await removeForwardChain(chain)).toBe(false);
  });

  it('takes a table with it that was made for its jump, and no other', async () => {
    const ruleset = () => oracle('nft', 'list', 'ruleset');
    const before = ruleset();
    await ensureForwardChain(chain, []);
    await removeForwardChain(chain);
    expect(ruleset()).toBe(before);
    const iptables = family === 4 ? 'iptables' : 'ip6tables';
    oracle(iptables, '-w', '5', '-P', 'FORWARD', 'DROP');
    await ensureForwardChain(chain, []);
    await removeForwardChain(chain);
    expect(ruleset()).toContain('policy drop');
    oracle(iptables, '-w', '5', '-P', 'FORWARD', 'ACCEPT');
    await ensureForwardChain(chain, []);
    await removeForwardChain(chain);
    expect(ruleset()).toBe(before);
  });

  it('leaves one jump of several, and the rules of others alone', async () => {
    await ensureForwardChain(chain, []);
    const iptables = family === 4 ? 'iptables' : 'ip6tables';
    oracle(iptables, '-w', '5', '-A', 'FORWARD', '-i', 'other0', '-j', 'DROP');
    oracle(iptables, '-w', '5', '-A', 'FORWARD', '-j', 'LC-TEST');
    await ensureForwardChain(chain, []);
    expect(jumps()).toBe(1);
    expect(save()).toContain('-A FORWARD -i other0 -j DROP');
    oracle(iptables, '-w', '5', '-D', 'FORWARD', '-i', 'other0', '-j', 'DROP');
  });

  it('refuses what would leave its line', async () => {
    await expect(ensureForwardChain(chain, [['-j', 'ACCEPT\n-F']])).rejects.toMatchObject({ code: 'LC_INVALID' });
    await expect(ensureForwardChain({ family, name: 'a b' }, [])).rejects.toMatchObject({ code: 'LC_INVALID' });
    expect(await forwardChainRules(chain)).toBeUndefined();
  });
});
