import type { AclDifference, AclGroup, AclPolicy, AclRow, AclTables } from '@linecard/ovn';
import { LinecardError } from '@linecard/wire';
import type { Command } from 'commander';
import type { Column } from '../output.js';
import { hostOvsdb } from '../settings.js';

interface ApplyOptions {
  readonly check?: true;
  readonly json?: true;
}

/** `linecard ovn acl`: who may talk to whom on networks over many hosts. */
export function addAcl(ovn: Command): void {
  const acl = ovn
    .command('acl')
    .summary('say who may talk to whom')
    .description(
      'Containers with the label linecard.acl=NAME, on whatever host, are a group; a file says what groups and networks\n' +
        'may receive and send. It becomes port groups and ACLs of OVN.',
    );
  acl
    .command('apply')
    .description(
      'Makes the ACLs those of the file, and no others: only what differs is sent. - reads standard input.\n' +
        'docs/multi-host.md tells what may stand in it.',
    )
    .argument('<file>', 'a YAML file')
    .option('--check', 'only show what would change; exit status 1 when something would')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  linecard ovn acl apply --check policy.yml
  linecard ovn acl apply policy.yml

A policy:
  groups:
    web-only:                       # containers with the label linecard.acl=web-only
      default: {to: drop}           # what no rule decides; allow when left out
      rules:
        - {direction: to, action: allow, protocol: tcp, ports: [80, 443, 8000-8100], peer: {group: clients}}
        - {direction: from, action: reject, peer: {cidr: [10.0.0.0/8]}, log: warning}
    clients: {}
  networks:
    net: {rules: [{direction: to, action: drop, protocol: icmp, priority: 500}]}`,
    )
    .action(apply);
  acl
    .command('ls')
    .description('Lists groups with their ports and ACLs.')
    .argument('[group]', 'only this group, or "network NAME"')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  linecard ovn acl ls\n  linecard ovn acl ls web-only')
    .action(ls);
  acl
    .command('rm')
    .description('Removes the ACLs of groups. Labels stay what they are, and without ACLs everything is allowed.')
    .argument('[group...]', 'groups, or "network NAME"')
    .option('--all', 'of all groups and networks')
    .addHelpText('after', '\nExamples:\n  linecard ovn acl rm web-only\n  linecard ovn acl rm --all')
    .action(rm);
}

async function withTables<T>(work: (tables: AclTables) => Promise<T>): Promise<T> {
  const [{ withCentral }, { AclTables }] = await Promise.all([import('@linecard/driver'), import('@linecard/ovn')]);
  return withCentral(hostOvsdb(), async ({ nb }) => {
    const tables = new AclTables(nb);
    try {
      return await work(tables);
    } finally {
      tables.close();
    }
  });
}

async function readFile(file: string): Promise<AclPolicy> {
  const [{ readFileSync }, { Source }, { aclPolicy }] = await Promise.all([
    import('node:fs'),
    import('@linecard/lab'),
    import('@linecard/ovn'),
  ]);
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new LinecardError('LC_NOT_FOUND', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return new Source(file, text, aclPolicy).raw;
}

/** One line of a difference. */
function differenceText({ kind, group, acl }: AclDifference): string {
  const sign = kind === 'add' ? '+' : '-';
  return `${sign} ${group}${acl === undefined ? '' : `: ${aclText(acl)}`}\n`;
}

function aclText({ direction, priority, action, match, severity }: AclRow): string {
  return `${direction} ${priority} ${action} ${match}${severity === undefined ? '' : ` (log ${severity})`}`;
}

async function apply(file: string, options: ApplyOptions): Promise<void> {
  const policy = await readFile(file);
  const differences = await withTables((tables) => tables.apply(policy, { dryRun: options.check === true }));
  const { json, print } = await import('../output.js');
  await print(options.json ? json(differences) : differences.map(differenceText).join(''));
  if (options.check && differences.length > 0) process.exitCode = 1;
}

/** A line of the list: an ACL, or a group that has none. */
interface Line extends Omit<AclGroup, 'acls'> {
  readonly acl?: AclRow;
}

const columns: readonly Column<Line>[] = [
  { title: 'GROUP', text: ({ group }) => group },
  { title: 'APPLIED', text: ({ applied }) => (applied ? 'yes' : 'no') },
  { title: 'PORTS', text: ({ ports }) => String(ports) },
  { title: 'DIRECTION', text: ({ acl }) => acl?.direction ?? '' },
  { title: 'PRIORITY', text: ({ acl }) => String(acl?.priority ?? '') },
  { title: 'ACTION', text: ({ acl }) => acl?.action ?? '' },
  { title: 'LOG', text: ({ acl }) => acl?.severity ?? '' },
  { title: 'NAME', text: ({ acl }) => acl?.name ?? '' },
  { title: 'MATCH', text: ({ acl }) => acl?.match ?? '' },
];

async function ls(group: string | undefined, options: { readonly json?: true }): Promise<void> {
  const all = await withTables((tables) => tables.list());
  const groups = group === undefined ? all : all.filter((one) => one.group === group);
  if (group !== undefined && groups.length === 0) {
    const hint = '`linecard ovn acl ls` shows all';
    throw new LinecardError('LC_NOT_FOUND', `no container and no policy has the group "${group}"`, { hint });
  }
  const { json, painter, print, table } = await import('../output.js');
  if (options.json) return print(json(groups));
  const lines = groups.flatMap(({ acls, ...one }): Line[] =>
    acls.length === 0 ? [one] : acls.map((acl) => ({ ...one, acl })),
  );
  await print(table(columns, lines, painter(process.stdout, process.env)));
}

async function rm(groups: readonly string[], options: { readonly all?: true }, command: Command): Promise<void> {
  if ((groups.length === 0) !== (options.all === true)) command.error('error: name groups, or give --all');
  const differences = await withTables((tables) => tables.remove(options.all ? undefined : groups));
  const { print } = await import('../output.js');
  await print(differences.map(differenceText).join(''));
}
