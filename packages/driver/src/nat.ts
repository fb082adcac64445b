import { type Cidr, formatCidr } from '@linecard/wire';
import { localLinks } from './names.js';

/** A network whose bridge carries the gateway: what the firewall must know of it. */
export interface NatNetwork {
  readonly bridge: string;
  readonly mode: 'nat' | 'routed';
  readonly internal: boolean;
  readonly pools: readonly Cidr[];
}

/** One published port: `-p HOSTIP:HOSTPORT:PORT/PROTOCOL` of a container with this address. */
export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Empty: every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** The name of our nftables tables, in the families inet and arp. */
export const natTable = 'linecard';

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
const set = (names: readonly string[]) => `{ ${quoted(names)} }`;
const ip = (family: 4 | 6) => (family === 4 ? 'ip' : 'ip6');
const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

function publishRule({ protocol, hostIp, hostPort, address, port }: PublishedPort): string {
  const family = familyOf(address);
  const match = isAny(hostIp) ? `meta nfproto ipv${family}` : `${ip(family)} daddr ${hostIp}`;
  const target = family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  return `${match} ${protocol} dport ${hostPort} dnat ${ip(family)} to ${target}`;
}

const isAny = (hostIp: string) => hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';

function publishes({ hostIp, address }: PublishedPort): boolean {
  return hostIp === '' || familyOf(hostIp) === familyOf(address);
}

function translationRules(networks: readonly NatNetwork[]): string[] {
  return networks.flatMap(({ bridge, mode, pools, internal }) => [
    // A container that uses a published port of its own network must get the answer from the host, not from its neighbour.
    ...pools.map(
      (pool) => `oifname "${bridge}" ${ip(pool.family)} saddr ${formatCidr(pool)} ct status dnat masquerade`,
    ),
    `oifname "${bridge}" ip saddr 127.0.0.0/8 masquerade`,
    ...(mode === 'nat' && !internal
      ? pools.map((pool) => `oifname != "${bridge}" ${ip(pool.family)} saddr ${formatCidr(pool)} masquerade`)
      : []),
  ]);
}

function forwardRules(networks: readonly NatNetwork[], dockerBridges: readonly string[]): string[] {
  const all = networks.map(({ bridge }) => bridge);
  const internal = networks.filter((network) => network.internal).map(({ bridge }) => bridge);
  const closed = networks.filter(({ mode }) => mode === 'nat').map(({ bridge }) => bridge);
  return [
    ...internal.flatMap((bridge) => [
      `iifname "${bridge}" oifname != "${bridge}" drop`,
      `oifname "${bridge}" iifname != "${bridge}" drop`,
    ]),
    ...all.map((bridge) => `iifname "${bridge}" oifname "${bridge}" accept`),
    'ct state established,related accept',
    'ct status dnat accept',
    ...(dockerBridges.length > 0 ? [`iifname ${set(all)} oifname ${set(dockerBridges)} drop`] : []),
    ...(closed.length > 0 ? [`oifname ${set(closed)} drop`] : []),
  ];
}

const chain = (name: string, hook: string, rules: readonly string[]) =>
  `  chain ${name} {\n${[hook, ...rules]
    .filter((line) => line !== '')
    .map((line) => `    ${line}\n`)
    .join('')}  }\n`;

// The userspace datapath reads copies of frames: the host's own stack sees each one on the port too, answers ARP for
// the gateway with the port's address, and routes around the bridge. It must not hear what comes from a container.
const portGuard = (prefix: string) => ({
  inet: chain('ports', 'type filter hook prerouting priority raw - 10;', [`iifname "${prefix}*" drop`]),
  arp: chain('ports', 'type filter hook input priority filter;', [`iifname "${prefix}*" drop`]),
});

/** What the firewall is to hold. */
export interface FirewallPlan {
  /** Whether any container is or may be plugged into a bridge of ours. */
  readonly active: boolean;
  readonly networks: readonly NatNetwork[];
  readonly published: readonly PublishedPort[];
  /** Bridges of Docker's own driver, whose containers are nobody's business here. */
  readonly dockerBridges: readonly string[];
  /** The name of the tables; {@link natTable} by default. */
  readonly table?: string;
  /** How the names of container ports begin; as those of the local driver by default. */
  readonly portPrefix?: string;
}

/**
 * The whole firewall as one nft(8) script that replaces what was there in one transaction; of an inactive one, the
 * removal. Forwarding decisions stand here and not in Docker's chains: a packet that this table drops is dropped
 * whatever other tables accept, so what lets our bridges through Docker's FORWARD policy opens nothing else.
 */
export function natRuleset(plan: FirewallPlan): string {
  const { active, networks, published, dockerBridges, table = natTable, portPrefix = localLinks.host } = plan;
  const removal = ['inet', 'arp']
    .map((family) => `table ${family} ${table}\ndelete table ${family} ${table}\n`)
    .join('');
  if (!active) return removal;
  const guard = portGuard(portPrefix);
  const arp = `table arp ${table} {\n${guard.arp}}\n`;
  const chains = [guard.inet, ...(networks.length === 0 ? [] : gatewayChains(networks, published, dockerBridges))];
  return `${removal}${arp}table inet ${table} {\n${chains.join('')}}\n`;
}

function gatewayChains(
  networks: readonly NatNetwork[],
  published: readonly PublishedPort[],
  dockerBridges: readonly string[],
): string[] {
  const all = networks.map(({ bridge }) => bridge);
  return [
    chain('published', '', published.filter(publishes).map(publishRule)),
    chain('prerouting', 'type nat hook prerouting priority dstnat;', ['fib daddr type local jump published']),
    // What comes from ::1 cannot leave the host under any address: that is relayed.
    chain('output', 'type nat hook output priority -100;', [
      'ip6 daddr ::1 return',
      'fib daddr type local jump published',
    ]),
    chain('postrouting', 'type nat hook postrouting priority srcnat;', translationRules(networks)),
    // route_localnet lets the host reach published ports on 127.0.0.1; nobody behind a bridge may use it.
    chain('guard', 'type filter hook prerouting priority raw;', [`iifname ${set(all)} ip daddr 127.0.0.0/8 drop`]),
    chain('forward', 'type filter hook forward priority filter - 1;', forwardRules(networks, dockerBridges)),
  ];
}
