import { access, readFile } from 'node:fs/promises';
import { run } from '@linecard/linux';
import type { TlsFiles } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import { type Database, databases, replaceFormer } from './central-members.js';
import { checkAddress, checkDatabase, checkTls, endpoints, inUrl, listens, ovnCtl, ports, startMs } from './remotes.js';

/** A member of OVN central to be started. */
export interface CentralMember {
  /** This host's address, by which the others reach it. */
  readonly address: string;
  /** All members. One alone is a cluster too, and may grow. */
  readonly members: readonly string[];
  /** Absent: plain TCP. */
  readonly tls?: TlsFiles;
}

const southboundSocket = '/run/ovn/ovnsb_db.sock';
/** What a host may do to the southbound database: ovn-northd knows the role, and which rows are whose. */
const role = 'ovn-controller';

const schemeOf = ({ tls }: CentralMember) => (tls === undefined ? 'tcp' : 'ssl');

/** The arguments of ovn-ctl that start one clustered database, which joins that of `founder` or is the first. */
function databaseArgs(name: Database, member: CentralMember, founder: string | undefined): string[] {
  const { address, tls } = member;
  const scheme = schemeOf(member);
  // With SSL the southbound database is open to hosts on a port where they have a role, see `restrictHosts`.
  const open = name === 'nb' ? ports.nb : ports.sbAdmin;
  return [
    `--db-${name}-addr=${inUrl(address)}`,
    `--db-${name}-create-insecure-remote=${tls === undefined ? 'yes' : 'no'}`,
    `--db-${name}-cluster-local-addr=${inUrl(address)}`,
    `--db-${name}-cluster-local-proto=${scheme}`,
    ...(founder === undefined
      ? []
      : [`--db-${name}-cluster-remote-addr=${inUrl(founder)}`, `--db-${name}-cluster-remote-proto=${scheme}`]),
    ...(tls === undefined ? [] : tlsArgs(`ovn-${name}-db`, tls)),
    `start_${name}_ovsdb`,
    ...(tls === undefined ? [] : ['--', `--remote=pssl:${open}:${inUrl(address)}`]),
  ];
}

function tlsArgs(what: string, { key, cert, ca }: TlsFiles): string[] {
  return [`--${what}-ssl-key=${key}`, `--${what}-ssl-cert=${cert}`, `--${what}-ssl-ca-cert=${ca}`];
}

/** Starts ovn-northd for the databases of all members, anew when it runs for others: it goes by what it is told then. */
async function startNorthd(member: CentralMember): Promise<void> {
  const { members, tls } = member;
  const scheme = schemeOf(member);
  const nb = endpoints(members, 'nb', scheme);
  const sb = endpoints(members, tls === undefined ? 'sb' : 'sbAdmin', scheme);
  const running = await northdWords();
  const isOther =
    running !== undefined && !(running.includes(`--ovnnb-db=${nb}`) && running.includes(`--ovnsb-db=${sb}`));
  const args = [
    '--ovn-manage-ovsdb=no',
    `--ovn-northd-nb-db=${nb}`,
    `--ovn-northd-sb-db=${sb}`,
    ...(tls === undefined ? [] : tlsArgs('ovn-northd', tls)),
    isOther ? 'restart_northd' : 'start_northd',
  ];
  await run([ovnCtl, ...args], { timeoutMs: startMs });
}

/** The command line of the ovn-northd that runs here; undefined when none does. */
async function northdWords(): Promise<string[] | undefined> {
  try {
    const pid = (await readFile('/run/ovn/ovn-northd.pid', 'utf8')).trim();
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  } catch {
    return undefined;
  }
}

/**
 * Starts a member of OVN central on this host: clustered databases and ovn-northd; what runs stays as it is. The first
 * of all members founds the cluster, the others join it; one whose databases were lost joins those who live, and takes
 * its own place among them. Rejects with `LC_INVALID`, `LC_CONFLICT`, `LC_COMMAND` or `LC_TIMEOUT`.
 */
export async function startCentral(member: CentralMember): Promise<void> {
  const { address, members, tls } = member;
  for (const one of [address, ...members]) checkAddress(one);
  if (!members.includes(address)) {
    throw new LinecardError('LC_INVALID', `${address} is not among the members ${members.join(', ')}`);
  }
  if (tls !== undefined) await checkTls(tls);
  for (const name of ['nb', 'sb'] as const) await startDatabase(name, member);
  if (tls !== undefined) await restrictHosts(address);
  await startNorthd(member);
}

async function startDatabase(name: Database, member: CentralMember): Promise<void> {
  const { file, raft } = databases[name];
  const local = `${schemeOf(member)}:${inUrl(member.address)}:${ports[raft]}`;
  const present = await localAddress(file);
  if (present !== undefined && present !== local) {
    throw new LinecardError('LC_CONFLICT', `this host's member of OVN central is ${present}, not ${local}`, {
      hint: `give the address and kind of connection that it has; to make another one: linecard ovn central-leave`,
    });
  }
  const founder = present === undefined ? await founderOf(name, member) : undefined;
  await run([ovnCtl, ...databaseArgs(name, member, founder)], { timeoutMs: startMs });
  if (founder !== undefined) await replaceFormer(name, local);
}

/** The address under which a database's file knows itself in its cluster; undefined without one. */
async function localAddress(file: string): Promise<string | undefined> {
  try {
    await access(file);
  } catch {
    return undefined;
  }
  const kind = await run(['ovsdb-tool', 'db-is-clustered', file]).catch(() => undefined);
  return kind && (await run(['ovsdb-tool', 'db-local-address', file])).stdout.trim();
}

/**
 * The member whose cluster a new one joins: one that is there already, so that a member that has lost its disk founds
 * no second cluster beside the first; undefined when this one is the founder. Rejects with `LC_OVSDB_UNREACHABLE` when
 * there is nobody to join.
 */
async function founderOf(name: Database, member: CentralMember): Promise<string | undefined> {
  const others = member.members.filter((one) => one !== member.address);
  const found = await Promise.all(others.map((one) => isThere(name, one, member)));
  const there = others[found.indexOf(true)];
  if (there !== undefined || member.address === member.members[0]) return there;
  throw new LinecardError('LC_OVSDB_UNREACHABLE', `no member of OVN central answers: ${others.join(', ')}`, {
    hint: `start the first one, on ${member.members[0]}, before the others`,
  });
}

async function isThere(name: Database, address: string, member: CentralMember): Promise<boolean> {
  const port = name === 'nb' ? 'nb' : member.tls === undefined ? 'sb' : 'sbAdmin';
  if (!(await listens(address, ports[port]))) return false;
  const endpoint = endpoints([address], port, schemeOf(member));
  await checkDatabase({ endpoint, ...(member.tls === undefined ? {} : { tls: member.tls }) }, databases[name].name);
  return true;
}

/**
 * Opens the southbound database to hosts, which may change what is theirs only. The connection stands in the database,
 * because only there it has a role; all members have it so.
 */
async function restrictHosts(address: string): Promise<void> {
  const target = `pssl:${ports.sb}${address.includes(':') ? ':[::]' : ''}`;
  const sbctl = ['ovn-sbctl', '--timeout=20', '--no-leader-only', `--db=unix:${southboundSocket}`] as const;
  const { stdout } = await run([...sbctl, 'get-connection']);
  if (stdout.includes(target)) return;
  const row = ['--id=@hosts', 'create', 'Connection', `target="${target}"`, `role=${role}`];
  await run([...sbctl, ...row, '--', 'add', 'SB_Global', '.', 'connections', '@hosts'], { timeoutMs: startMs });
}
