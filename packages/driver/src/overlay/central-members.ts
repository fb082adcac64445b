import { access, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { checkAddress, inUrl, listens, ovnCtl, ports, startMs } from './remotes.js';

/** The databases of OVN central on this host. */
export const databases = {
  nb: { file: '/var/lib/ovn/ovnnb_db.db', name: 'OVN_Northbound', daemon: '/run/ovn/ovnnb_db', raft: 'nbRaft' },
  sb: { file: '/var/lib/ovn/ovnsb_db.db', name: 'OVN_Southbound', daemon: '/run/ovn/ovnsb_db', raft: 'sbRaft' },
} as const;
export type Database = keyof typeof databases;
const both = ['nb', 'sb'] as const;

/** A member of a cluster, as a database on this host knows it. */
interface Server {
  /** The beginning of its ID. */
  readonly id: string;
  /** `tcp:192.0.2.1:6643`. */
  readonly address: string;
  readonly self: boolean;
}

/** How long a cluster may take to change its members, in ms. */
const changeMs = 20_000;

function appctl(name: Database, command: string, ...args: readonly string[]) {
  const { daemon, name: database } = databases[name];
  return run(['ovn-appctl', '--timeout=10', '-t', `${daemon}.ctl`, `cluster/${command}`, database, ...args]);
}

async function servers(name: Database): Promise<Server[]> {
  const { stdout } = await appctl(name, 'status');
  // "    a1b2 (a1b2 at tcp:192.0.2.1:6643) (self) next_index=2": servers by the beginnings of their IDs.
  return [...stdout.matchAll(/^ {4}(\w{4}) \(\w{4} at (\S+)\)(.*)$/gm)].map(([, id, address, rest]) => {
    return { id: id!, address: address!, self: rest!.includes('(self)') };
  });
}

/** Takes members with this host's own address but another identity off the cluster: their databases are lost. */
export async function replaceFormer(name: Database, local: string): Promise<void> {
  for (const { id, address, self } of await servers(name)) {
    if (address === local && !self) await appctl(name, 'kick', id);
  }
}

/**
 * Ends this host's membership of OVN central: the others go on as a smaller cluster, and its databases, which can never
 * be a member again, are removed. Begun and not ended, it may be given again. Rejects with `LC_NOT_FOUND` when the host
 * is no member, `LC_CONFLICT` when it is the only one, `LC_COMMAND` when the others do not answer.
 */
export async function leaveCentral(): Promise<void> {
  const present: Database[] = [];
  for (const name of both) if (await exists(databases[name].file)) present.push(name);
  if (present.length === 0) throw new LinecardError('LC_NOT_FOUND', 'this host is no member of OVN central');
  for (const name of present) {
    if ((await servers(name)).some(({ self }) => !self) || (await hasLeft(name))) continue;
    throw new LinecardError('LC_CONFLICT', `this host is the only member of ${databases[name].name}`, {
      hint: 'let another one join first: `linecard ovn central` there, with both in --members',
    });
  }
  // The ovn-northd of another member takes over.
  await run([ovnCtl, '--ovn-manage-ovsdb=no', 'stop_northd'], { timeoutMs: startMs });
  for (const name of present) {
    const { file, daemon, name: database } = databases[name];
    if (!(await hasLeft(name))) await appctl(name, 'leave');
    const seconds = changeMs / 1000;
    const wait = ['wait', `unix:${daemon}.sock`, database, 'removed'];
    await run(['ovsdb-client', `--timeout=${seconds}`, ...wait], { timeoutMs: changeMs + 1000 });
    await run([ovnCtl, `stop_${name}_ovsdb`], { timeoutMs: startMs });
    await rm(file);
  }
}

async function hasLeft(name: Database): Promise<boolean> {
  return (await appctl(name, 'status')).stdout.includes('left cluster');
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * Takes a member that is dead for good off both clusters, so that it counts no more for the majority. Rejects with
 * `LC_NOT_FOUND` when there is none at this address, `LC_CONFLICT` when it lives, `LC_TIMEOUT` without a majority.
 */
export async function kickMember(address: string): Promise<void> {
  checkAddress(address);
  const dead: { readonly name: Database; readonly id: string }[] = [];
  for (const name of both) {
    const { raft } = databases[name];
    const isThis = (one: Server) => one.address.replace(/^\w+:/, '') === `${inUrl(address)}:${ports[raft]}`;
    const found = (await servers(name)).filter(isThis);
    if (found.some(({ self }) => self) || (found.length > 0 && (await listens(address, ports[raft])))) {
      throw new LinecardError('LC_CONFLICT', `the member at ${address} lives`, {
        hint: 'on that host: `linecard ovn central-leave`',
      });
    }
    dead.push(...found.map(({ id }) => ({ name, id })));
  }
  if (dead.length === 0) {
    throw new LinecardError('LC_NOT_FOUND', `no member of OVN central has the address ${address}`);
  }
  for (const { name, id } of dead) {
    await appctl(name, 'kick', id);
    const deadline = performance.now() + changeMs;
    while ((await servers(name)).some((one) => one.id === id)) {
      if (performance.now() > deadline) {
        throw new LinecardError('LC_TIMEOUT', `${databases[name].name} did not let the member at ${address} go`, {
          hint: 'a cluster changes its members only while more than half of them live',
        });
      }
      await delay(100);
    }
  }
}
