import { parseCidr } from '@linecard/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NorthboundServer } from '../../test/server.js';
import { Addresses } from '../addresses.js';
import { editEndpoint, editEndpointGone } from '../endpoints.js';
import { editNetwork } from '../networks.js';
import type { Northbound } from '../northbound.js';
import { AclTables } from './apply.js';
import { aclPolicy } from './policy.js';

let server: NorthboundServer;
let nb: Northbound;
let tables: AclTables;
beforeEach(async () => {
  server = await NorthboundServer.start();
  nb = await server.client();
  tables = new AclTables(nb);
  const network = { switch: 'net', host: 'h1', id: 'id', subnets: [{ pool: parseCidr('10.0.0.0/24') }] };
  await nb.write((tx) => editNetwork(nb, tx, network), { what: 'make net' });
});
afterEach(async () => {
  tables.close();
  await server.close();
});

async function attach(id: string, groups: readonly string[], client = nb): Promise<void> {
  const address = `10.0.0.${Number(id.slice(1)) + 1}`;
  const place = { host: 'h1', switch: 'net', interface: `i-${id}` };
  const port = { id, ...place, mac: '02:42:0a:00:00:02', addresses: [address], space: 's', groups };
  const addresses = new Addresses(client, { host: 'h1', quarantineMs: 0 });
  await vi.waitFor(() => expect(client.switch('net')).toBeDefined());
  await client.write((tx) => editEndpoint(client, tx, addresses, port), { what: `attach ${id}` });
}
async function detach(id: string, client = nb): Promise<void> {
  const addresses = new Addresses(client, { host: 'h1', quarantineMs: 0 });
  await client.write((tx) => editEndpointGone(client, tx, addresses, id), { what: `detach ${id}` });
}
const groups = async () => {
  const text = await server.nbctl('--format=csv', '--no-headings', '--columns=name', 'list', 'Port_Group');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
};
const membersOf = async (group: string) => {
  const ids = await server.nbctl('--bare', '--columns=ports', 'list', 'Port_Group', group);
  return ids.split(/\s+/).filter((id) => id !== '').length;
};
const policy = (web: object, more: object = {}) => aclPolicy.parse({ groups: { web, clients: {} }, ...more });
const rule = { direction: 'to', action: 'allow', protocol: 'tcp', ports: [80], peer: { group: 'clients' } };
const wall = { default: { to: 'drop', log: 'warning' }, rules: [rule] };

describe('ACLs of a policy', () => {
  it('are written, and then only what differs', async () => {
    expect((await tables.apply(policy(wall), { dryRun: true })).map(({ kind }) => kind)).toHaveLength(5);
    expect(await groups(), 'a dry run').toEqual([]);
    await tables.apply(policy(wall), { dryRun: false });
    expect(await server.nbctl('acl-list', 'lca_web')).toMatch(
      /to-lport +1000 .*tcp.dst == 80.* allow-related\n.*to-lport +1 .* drop log\(name=web,severity=warning,meter="linecard-acl"\)/,
    );
    const calls = vi.spyOn(nb.session, 'call');
    expect(await tables.apply(policy(wall), { dryRun: false })).toEqual([]);
    expect(calls, 'what is equal is not sent').not.toHaveBeenCalled();
    const narrower = { ...wall, rules: [{ ...rule, ports: [443] }] };
    const uuids = await server.nbctl('--bare', '--columns=_uuid', 'find', 'ACL', 'priority=1');
    const differences = await tables.apply(policy(narrower), { dryRun: false });
    expect(
      differences.map(({ kind, group, acl }) => [kind, group, /tcp.dst == \d+/.exec(acl?.match ?? '')?.[0]]),
    ).toEqual([
      ['remove', 'web', 'tcp.dst == 80'],
      ['add', 'web', 'tcp.dst == 443'],
    ]);
    expect(await server.nbctl('--bare', '--columns=_uuid', 'find', 'ACL', 'priority=1')).toBe(uuids);
  });

  it('of two that apply at once are those of one of them', async () => {
    await tables.apply(policy({}), { dryRun: false });
    const others = await Promise.all([1, 2, 3, 4].map(async () => new AclTables(await server.client())));
    const files = others.map((_, i) =>
      policy({
        rules: [
          { ...rule, ports: [i + 1] },
          { ...rule, ports: [i + 11] },
        ],
      }),
    );
    await Promise.all(others.map((other, i) => other.apply(files[i]!, { dryRun: false })));
    const ports = (await server.nbctl('acl-list', 'lca_web'))
      .match(/tcp.dst == \d+/g)
      ?.map((text) => Number(text.slice(11)));
    expect(ports).toHaveLength(2);
    expect(Math.abs(ports![0]! - ports![1]!)).toBe(10);
    for (const other of others) other.close();
  });

  it('go with their group; members stay in the group that their label names', async () => {
    await tables.apply(policy(wall), { dryRun: false });
    await attach('e1', ['web']);
    await expect(tables.remove(['webb'])).rejects.toThrow('no ACLs were applied to "webb"');
    await tables.remove(['clients']);
    expect(await groups()).toEqual(['lca_web']);
    await vi.waitFor(async () => expect((await tables.list())[0]).toMatchObject({ ports: 1, applied: true }));
    await tables.remove(undefined);
    expect(await server.nbctl('--bare', '--columns=_uuid', 'list', 'ACL')).toBe('');
    expect(await membersOf('lca_web')).toBe(1);
    await vi.waitFor(async () => expect((await tables.list())[0]).toMatchObject({ applied: false, acls: [] }));
    await detach('e1');
    expect(await groups()).toEqual([]);
  });
});

describe('a group', () => {
  it('is made by the first of its members, whoever of two, and goes with the last', async () => {
    const clients = await Promise.all([server.client(), server.client(), server.client()]);
    for (let round = 0; round < 10; round++) {
      await Promise.all(clients.map((client, i) => attach(`e${i + 1}`, ['web', 'db'], client)));
      expect(await membersOf('lca_web')).toBe(3);
      await Promise.all(clients.slice(1).map((client, i) => detach(`e${i + 2}`, client)));
      expect(await membersOf('lca_db')).toBe(1);
      await Promise.all([detach('e1', clients[0]), attach('e2', ['web'], clients[1])]);
      expect(await membersOf('lca_web')).toBe(1);
      await detach('e2', clients[1]);
      expect(await groups()).toEqual([]);
    }
  });

  it('is left and entered as the labels change', async () => {
    await attach('e1', ['web']);
    await attach('e1', ['db']);
    expect(await groups()).toEqual(['lca_db']);
    await attach('e1', []);
    expect(await groups()).toEqual([]);
    expect(await server.nbctl('get', 'Logical_Switch_Port', 'e1', 'external_ids')).not.toContain('acl');
  });

  it('of a network takes the ports that are there and those that come', async () => {
    await attach('e1', []);
    await tables.apply(policy({}, { networks: { net: { default: { to: 'drop' } } } }), { dryRun: false });
    expect(await membersOf('lcn_net')).toBe(1);
    await attach('e1', []);
    await attach('e2', []);
    expect(await membersOf('lcn_net')).toBe(2);
    await tables.apply(policy({}), { dryRun: false });
    expect(await groups()).toEqual(['lca_clients', 'lca_web']);
    await tables.apply(policy({}, { networks: { net: { default: { to: 'drop' } } } }), { dryRun: false });
    await server.nbctl('pg-set-ports', 'lcn_net', 'e2');
    await vi.waitFor(() => expect(nb.portGroup('lcn_net')).toBeDefined());
    await attach('e1', []);
    expect(await membersOf('lcn_net'), 'a group that was made anew').toBe(2);
  });
});
