import { formatCidr, networkOf } from '@linecard/wire';
import type { AclPolicy, AclRule, AclSection } from './policy.js';

/** A row of table ACL (ovn-nb(5)) and the port group that has it. */
export interface AclRow {
  readonly group: string;
  readonly direction: 'to-lport' | 'from-lport';
  readonly priority: number;
  readonly match: string;
  readonly action: 'allow' | 'allow-related' | 'drop' | 'reject';
  readonly name?: string;
  /** Logged with this severity. */
  readonly severity?: 'alert' | 'warning' | 'notice' | 'info' | 'debug';
}

/** What no rule has decided. */
const lastPriority = 1;
const portOf = { to: 'outport', from: 'inport' } as const;

// OVN takes no other characters in the names of port groups; the text is the same for the same name only.
function escaped(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9.]/g, (one) => `_${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const prefixes = { group: 'lca_', network: 'lcn_' } as const;

/** The port group of the containers with a label. */
export function labelGroup(name: string): string {
  return prefixes.group + escaped(name);
}

/** The port group of all containers of a logical switch. */
export function networkGroup(name: string): string {
  return prefixes.network + escaped(name);
}

export function isNetworkGroup(row: string): boolean {
  return row.startsWith(prefixes.network);
}

/** What a port group is, for people: `web-only`, or `network net`. */
export function groupTitle(row: string): string {
  const name = row.slice(4).replaceAll(/_(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return isNetworkGroup(row) ? `network ${name}` : name;
}

// Without neighbour discovery and its like IPv6 does not work at all, so that nobody means them (RFC 4861). OVN lets
// them through by itself only where some ACL of the switch is stateful.
const discovery = '(nd || nd_rs || nd_ra || mldv1 || mldv2)';
const discoveryPriority = 32_500;

function protocolMatch({ protocol, ports }: Pick<AclRule, 'protocol' | 'ports'>): string {
  if (protocol === undefined) return 'ip';
  if (protocol === 'icmp') return '(icmp4 || icmp6)';
  if (ports === undefined) return protocol;
  const field = `${protocol}.dst`;
  // OVN wants parentheses wherever && and || meet (ovn-sb(5), Logical_Flow, match).
  const ranges = [...ports].sort(([a, b], [c, d]) => a - c || b - d);
  const parts = ranges.map(([first, last]) =>
    first === last ? `${field} == ${first}` : `(${field} >= ${first} && ${field} <= ${last})`,
  );
  return parts.length === 1 ? parts[0]! : `(${parts.join(' || ')})`;
}

function peerMatch({ peer, direction }: Pick<AclRule, 'peer' | 'direction'>): string[] {
  if (peer === undefined) return [];
  const side = direction === 'to' ? 'src' : 'dst';
  if (peer.group !== undefined) {
    const set = labelGroup(peer.group);
    return [`(ip4.${side} == $${set}_ip4 || ip6.${side} == $${set}_ip6)`];
  }
  const networks = (peer.cidr ?? []).map(networkOf);
  const families = ([4, 6] as const).flatMap((family) => {
    const texts = networks.filter((one) => one.family === family).map(formatCidr);
    return texts.length === 0 ? [] : [`ip${family}.${side} == {${[...new Set(texts)].sort().join(', ')}}`];
  });
  return families.length === 1 ? families : [`(${families.join(' || ')})`];
}

function aclOf(group: string, rule: Omit<AclRule, 'log'> & Pick<AclSection['default'], 'log'>): AclRow {
  return {
    group,
    direction: `${rule.direction}-lport`,
    priority: rule.priority,
    match: [`${portOf[rule.direction]} == @${group}`, protocolMatch(rule), ...peerMatch(rule)].join(' && '),
    action: rule.action === 'allow' ? 'allow-related' : rule.action,
    ...(rule.name === undefined ? {} : { name: rule.name }),
    ...(rule.log === undefined ? {} : { severity: rule.log, name: rule.name ?? groupTitle(group).slice(0, 63) }),
  };
}

function sectionRows(group: string, section: AclSection): AclRow[] {
  const { to, from, log } = section.default;
  const defaults = [['to', to] as const, ['from', from] as const].flatMap(([direction, action]) =>
    action === undefined || action === 'allow' ? [] : [{ direction, action, priority: lastPriority, log }],
  );
  const rules = [...section.rules, ...defaults];
  const refusing = new Set(rules.filter(({ action }) => action !== 'allow').map(({ direction }) => direction));
  const open = [...refusing].map((direction): AclRow => {
    const match = `${portOf[direction]} == @${group} && ${discovery}`;
    return { group, direction: `${direction}-lport`, priority: discoveryPriority, match, action: 'allow' };
  });
  return [...open, ...rules.map((rule) => aclOf(group, rule))];
}

/** The port groups that a policy needs, and their ACLs. */
export function policyRows({ groups, networks }: AclPolicy): Map<string, AclRow[]> {
  return new Map([
    ...Object.entries(groups).map(([name, one]) => [labelGroup(name), sectionRows(labelGroup(name), one)] as const),
    ...Object.entries(networks).map(
      ([name, one]) => [networkGroup(name), sectionRows(networkGroup(name), one)] as const,
    ),
  ]);
}
