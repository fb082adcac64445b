import { contains, LinecardError, parseCidr } from '@linecard/wire';
import type { Place } from '../file/source.js';
import { attempt, type Context, problem, warn } from './context.js';
import type { LabNode, Management } from './types.js';

const defaults = { 4: '172.20.20.0/24', 6: '3fff:172:20:20::/64' } as const;

/** There is where a kernel has IPv6. */
const ipv6File = '/proc/net/if_inet6';

/** The subnet of one family: undefined for none, or for the IPv4 one that Docker chooses; `auto` for an IPv6 one. */
function subnet(context: Context, family: 4 | 6, anyGiven: boolean): string | undefined {
  const raw = context.source.raw.mgmt ?? {};
  const [key, old] =
    family === 4 ? (['ipv4-subnet', 'ipv4_subnet'] as const) : (['ipv6-subnet', 'ipv6_subnet'] as const);
  if (raw[old] !== undefined) warn(context, ['mgmt', old], `"${old}" is called "${key}" now`);
  const value = raw[key] ?? raw[old];
  if (value === undefined)
    return anyGiven || (family === 6 && !context.exists(ipv6File)) ? undefined : defaults[family];
  if (value === 'auto') return family === 6 ? value : undefined;
  return attempt(context, ['mgmt', raw[key] === undefined ? old : key], () => {
    if (parseCidr(value).family === family) return value;
    throw new LinecardError('LC_INVALID', `${value} is not an IPv${family} subnet`, {
      hint: `write it as ${defaults[family]}`,
    });
  });
}

/** The management network of a lab, with the defaults of containerlab. */
export function resolveManagement(context: Context, nodes: readonly LabNode[]): Management {
  const raw = context.source.raw.mgmt ?? {};
  const anyGiven = ['ipv4-subnet', 'ipv6-subnet', 'ipv4_subnet', 'ipv6_subnet'].some((key) => key in raw);
  const wantsIpv6 = nodes.some((node) => node.mgmtIpv6 !== undefined);
  const management: Management = {
    network: raw.network ?? 'clab',
    bridge: raw.bridge,
    ipv4Subnet: subnet(context, 4, anyGiven),
    ipv4Gateway: raw['ipv4-gw'],
    ipv4Range: raw['ipv4-range'],
    ipv6Subnet: subnet(context, 6, anyGiven && !wantsIpv6),
    ipv6Gateway: raw['ipv6-gw'],
    ipv6Range: raw['ipv6-range'],
    mtu: raw.mtu,
    externalAccess: raw['external-access'] ?? true,
    options: raw['driver-opts'] ?? {},
  };
  const [ipv4, ipv6] = [management.ipv4Subnet, management.ipv6Subnet];
  checkInside(context, ['mgmt', 'ipv4-gw'], management.ipv4Gateway, ipv4);
  checkInside(context, ['mgmt', 'ipv6-gw'], management.ipv6Gateway, ipv6);
  checkInside(context, ['mgmt', 'ipv4-range'], management.ipv4Range, ipv4);
  checkInside(context, ['mgmt', 'ipv6-range'], management.ipv6Range, ipv6);
  checkAddresses(context, nodes, management);
  return management;
}

function checkInside(context: Context, place: Place, value: string | undefined, subnet: string | undefined): void {
  if (value === undefined || subnet === undefined || subnet === 'auto') return;
  const [address = ''] = value.split('/');
  const isInside = attempt(context, place, () => contains(parseCidr(subnet), address));
  if (isInside === false) problem(context, place, `${value} is not in ${subnet}`, `choose one of ${subnet}`);
}

/** Addresses that nodes ask for must be there to have, and each for one node only. */
function checkAddresses(context: Context, nodes: readonly LabNode[], management: Management): void {
  const taken = new Map<string, string>();
  for (const { name, place, mgmtIpv4, mgmtIpv6 } of nodes) {
    for (const [key, address, subnet] of [
      ['mgmt-ipv4', mgmtIpv4, management.ipv4Subnet],
      ['mgmt-ipv6', mgmtIpv6, management.ipv6Subnet],
    ] as const) {
      if (address === undefined) continue;
      const at = [...place, key];
      checkInside(context, at, address, subnet);
      const before = taken.get(address);
      if (before !== undefined)
        problem(context, at, `${address} is the address of ${before} too`, 'choose another one');
      if (management.network === 'bridge') {
        const hint = 'name another network below mgmt: network';
        problem(context, at, "Docker's own network bridge takes no wishes for addresses", hint);
      }
      taken.set(address, name);
    }
  }
}
