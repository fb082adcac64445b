import { OvsdbSession, Replica, Transaction } from '@linecard/ovsdb';
import type { Addresses } from './addresses.js';
import { readClaim } from './claims.js';
import { editEndpointGone, endpointsOf } from './endpoints.js';
import { editNetworkGone, networksOf, swarmUser } from './networks.js';
import { type DatabaseOptions, type Northbound, reachability } from './northbound.js';
import { northbound } from './schema/northbound.js';
import { southbound } from './schema/southbound.js';

/** What was collected of one host that is gone. */
export interface CollectedHost {
  readonly host: string;
  readonly ports: number;
  readonly networks: number;
  readonly addresses: number;
}

/** How long the central may take to answer, in ms. */
const answerMs = 5000;
/** Logical ports that go in one transaction. */
const batch = 100;

/** Every host that has something in the northbound database; what a swarm keeps is no host's. */
export function hostsIn(nb: Northbound): Set<string> {
  const hosts = new Set<string>();
  for (const { external_ids } of nb.replica.table('Logical_Switch_Port').values()) {
    const host = external_ids.get('linecard') === 'endpoint' ? external_ids.get('host') : undefined;
    if (host !== undefined) hosts.add(host);
  }
  for (const { external_ids } of nb.replica.table('Logical_Switch').values()) {
    for (const key of external_ids.keys()) {
      const host = /^user:(.+)\/[^/]+$/.exec(key)?.[1];
      if (host !== undefined) hosts.add(host);
    }
  }
  for (const row of nb.replica.table('DNS').values()) {
    const claim = readClaim(row);
    if (claim === undefined || claim.kind === 'released') continue;
    for (const { host } of claim.users) hosts.add(host);
    if (claim.host !== undefined) hosts.add(claim.host);
  }
  hosts.delete(swarmUser);
  return hosts;
}

/** How it is found out who is dead. */
export interface SilenceOptions {
  readonly southbound: DatabaseOptions;
  /** How long a host may take to answer, in ms. */
  readonly graceMs: number;
  /** How long ovn-northd may take to ask, in ms (60000): when its machine has died, another one has to take over. */
  readonly northdMs?: number;
}

/**
 * Asks every chassis for a sign of life and waits up to `graceMs` for those of `hosts`: each ovn-controller that lives
 * writes down that it has seen the newest configuration (ovn-nb(5), `nb_cfg`). Resolves with those that gave none.
 * Rejects when the southbound database or ovn-northd does not answer: then nobody is known to be dead.
 */
export async function silentHosts(
  nb: Northbound,
  hosts: ReadonlySet<string>,
  { southbound: database, graceMs, northdMs = 60_000 }: SilenceOptions,
): Promise<Set<string>> {
  if (hosts.size === 0) return new Set();
  const session = new OvsdbSession({ ...database, ...reachability });
  const replica = new Replica(session, southbound, { SB_Global: ['nb_cfg'], Chassis_Private: ['name', 'nb_cfg'] });
  try {
    session.start();
    await replica.waitSynced(answerMs);
    const tx = new Transaction(nb.session, northbound);
    const next = tx.increment('NB_Global', [], 'nb_cfg');
    const asked = (await tx.commit()).get(next);
    const passedOn = () => [...replica.table('SB_Global').values()].some((row) => row.nb_cfg >= asked) || undefined;
    // Without ovn-northd no chassis hears the question.
    await replica.waitFor(passedOn, { timeoutMs: northdMs, what: 'ovn-northd to pass a question on to the hosts' });
    const silent = () => {
      const rows = [...replica.table('Chassis_Private').values()];
      const living = new Set(rows.filter((row) => row.nb_cfg >= asked).map(({ name }) => name));
      return new Set([...hosts].filter((host) => !living.has(host)));
    };
    const all = () => (silent().size === 0 ? true : undefined);
    await replica.waitFor(all, { timeoutMs: graceMs, what: 'a sign of life of every host' }).catch(() => undefined);
    // A database that went away in the meantime has told nothing.
    await replica.waitSynced(answerMs);
    return silent();
  } finally {
    replica.close();
    await session.close();
  }
}

/** Removes what a host that is gone has left: logical ports, its part in networks, addresses. */
export async function collectHost(nb: Northbound, addresses: Addresses, host: string): Promise<CollectedHost> {
  const ports = [...endpointsOf(nb, host)].map(({ name }) => name);
  for (let i = 0; i < ports.length; i += batch) {
    await nb.write(
      (tx) => {
        for (const name of ports.slice(i, i + batch)) editEndpointGone(nb, tx, addresses, name);
      },
      { what: `remove logical ports of host ${host}` },
    );
  }
  const claims = [...addresses.claimsOf(host)];
  const networks = [...networksOf(nb, host)];
  for (const network of networks) {
    const gone = { ...network, host };
    await nb.write((tx) => editNetworkGone(nb, tx, addresses, gone), { what: `take host ${host} off a switch` });
  }
  for (const { space, address } of claims) {
    await nb.write((tx) => addresses.editRelease(tx, space, address, host), { what: `release ${address}` });
  }
  return { host, ports: ports.length, networks: networks.length, addresses: claims.length };
}

/** Removes what hosts have left that give no sign of life for `graceMs`; never what belongs to `self`. */
export async function collectSilent(
  nb: Northbound,
  addresses: Addresses,
  options: SilenceOptions & { readonly self: string },
): Promise<CollectedHost[]> {
  await nb.whenReady(10_000);
  const others = hostsIn(nb);
  others.delete(options.self);
  const silent = await silentHosts(nb, others, options);
  const collected: CollectedHost[] = [];
  for (const host of silent) collected.push(await collectHost(nb, addresses, host));
  return collected;
}

/**
 * Lets one of all hosts do something once in `everyMs`: resolves with whether it is this one. The time of the last
 * turn stands in NB_Global, and the database lets only one host change it.
 */
export async function takeTurn(nb: Northbound, name: string, everyMs: number, now: number): Promise<boolean> {
  const key = `linecard-${name}`;
  const look = new Transaction(nb.session, northbound);
  const read = look.select('NB_Global', [], ['external_ids']);
  const row = (await look.commit()).get(read)[0];
  const last = Date.parse(row?.external_ids.get(key) ?? '');
  if (row === undefined || Math.abs(now - last) < everyMs) return false;
  const tx = new Transaction(nb.session, northbound);
  tx.wait('NB_Global', row._uuid, '==', [{ external_ids: row.external_ids }]);
  tx.setKeys('NB_Global', row._uuid, 'external_ids', { [key]: new Date(now).toISOString() });
  return tx.commit().then(
    () => true,
    () => false,
  );
}
