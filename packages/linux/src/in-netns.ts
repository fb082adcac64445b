import { type Cidr, formatCidr, formatIp, LinecardError, parseIp } from '@linecard/wire';
import { type Address, asCidr } from './address.js';
import { checkInterfaceName, checkMtu } from './names.js';
import { type NetnsRef, netnsPath } from './netns.js';
import { type RunOptions, type RunResult, run } from './run.js';

/** What an interface inside another namespace is to have. */
export interface NetnsConfig {
  readonly netnsPath: string;
  readonly ifname: string;
  readonly addresses?: readonly (Cidr | string)[];
  /** The default gateway of IPv4. */
  readonly gateway?: string;
  /** The default gateway of IPv6. */
  readonly gateway6?: string;
  readonly mtu?: number;
  readonly up?: boolean;
}

/** Runs a program inside a network namespace, through nsenter(1). As {@link run}. */
export async function inNetns(
  ref: NetnsRef,
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<RunResult> {
  return run(['nsenter', `--net=${netnsPath(ref)}`, '--', ...argv], options);
}

/**
 * Sets up an interface inside another namespace in one run of `ip -batch`; rtnetlink reaches addresses and routes of
 * its own namespace only. Doing it again changes nothing. The addresses come before the gateways that need them.
 */
export async function configureInNetns(config: NetnsConfig): Promise<void> {
  const input = netnsCommands(config);
  if (input === '') return;
  await inNetns({ path: config.netnsPath }, ['ip', '-batch', '-'], { input });
}

/** The lines for `ip -batch`, every value checked. */
export function netnsCommands(config: NetnsConfig): string {
  const device = checkInterfaceName(config.ifname);
  const lines = [
    ...(config.mtu === undefined ? [] : [`link set dev ${device} mtu ${checkMtu(config.mtu)}`]),
    ...(config.up === undefined ? [] : [`link set dev ${device} ${config.up ? 'up' : 'down'}`]),
    ...(config.addresses ?? []).map((one) => addressLine(device, asCidr(one))),
    ...(config.gateway === undefined ? [] : [gatewayLine(device, config.gateway, 4)]),
    ...(config.gateway6 === undefined ? [] : [gatewayLine(device, config.gateway6, 6)]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function addressLine(device: string, cidr: Cidr): string {
  // Without `nodad` an IPv6 address could not be used for a second or so.
  return `addr replace ${formatCidr(cidr)} dev ${device}${cidr.family === 6 ? ' nodad' : ''}`;
}

function gatewayLine(device: string, gateway: string, family: 4 | 6): string {
  const bytes = parseIp(gateway);
  if (bytes.length !== (family === 4 ? 4 : 16)) {
    throw new LinecardError('LC_INVALID', `the gateway ${gateway} is not an IPv${family} address`);
  }
  return `route replace ${family === 4 ? '0.0.0.0/0' : '::/0'} via ${formatIp(bytes)} dev ${device}`;
}

interface IpAddrJson {
  readonly ifindex: number;
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local?: string;
    readonly prefixlen: number;
    readonly label?: string;
    readonly scope: string;
    readonly tentative?: boolean;
  }[];
}

const scopes: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254 };

/**
 * The addresses inside another namespace, through `ip -j addr`: the kernel heeds IFA_TARGET_NETNSID only on sockets
 * with strict checking, which the npm package cannot switch on.
 */
export async function addressesInNetns(ref: NetnsRef): Promise<Address[]> {
  const { stdout } = await inNetns(ref, ['ip', '-j', 'addr', 'show']);
  return (JSON.parse(stdout) as IpAddrJson[]).flatMap((link) =>
    (link.addr_info ?? []).flatMap((info) => {
      if (info.local === undefined || (info.family !== 'inet' && info.family !== 'inet6')) return [];
      return {
        ifindex: link.ifindex,
        cidr: asCidr(`${info.local}/${info.prefixlen}`),
        label: info.label,
        scope: scopes[info.scope] ?? 0,
        tentative: info.tentative ?? false,
      };
    }),
  );
}
