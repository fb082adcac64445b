import { type Cidr, formatIp, LinecardError, networkOf, parseIp } from '@linecard/wire';

/** Where addresses are chosen from: a subnet of an address space, or a range within it. */
export interface Pool {
  /** Within a space no address is given twice. */
  readonly space: string;
  readonly subnet: Cidr;
  /** Addresses that nobody asked for by name come from here; the whole subnet when absent. */
  readonly range?: Cidr;
}

/** Addresses as numbers, both ends included. */
export interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** An IP address as a number. */
export function addressNumber(address: string): bigint {
  return parseIp(address).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The text of an address of this family. */
export function addressText(value: bigint, family: 4 | 6): string {
  const length = family === 4 ? 4 : 16;
  return formatIp(Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn)));
}

/** Every address of a network, the two special ones of IPv4 included. */
export function wholeSpan(cidr: Cidr): Span {
  const first = addressNumber(networkOf(cidr).address);
  const bits = (cidr.family === 4 ? 32 : 128) - cidr.prefix;
  return { first, last: first + (1n << BigInt(bits)) - 1n };
}

/**
 * The addresses of a subnet that a host may have: not the network's own address (for IPv6 the anycast address of its
 * routers, RFC 4291, section 2.6.1), and not the broadcast address of IPv4. Subnets of one or two addresses have
 * neither (RFC 3021).
 */
export function hostSpan(subnet: Cidr): Span {
  const { first, last } = wholeSpan(subnet);
  if (last - first < 2n) return { first, last };
  return { first: first + 1n, last: subnet.family === 4 ? last - 1n : last };
}

/** The addresses that a pool chooses from. Throws `LC_INVALID` when its range lies outside of its subnet. */
export function poolSpan({ subnet, range }: Pool): Span {
  const hosts = hostSpan(subnet);
  if (range === undefined) return hosts;
  const wanted = wholeSpan(range);
  const whole = wholeSpan(subnet);
  if (range.family !== subnet.family || wanted.first < whole.first || wanted.last > whole.last) {
    const subnetText = `${subnet.address}/${subnet.prefix}`;
    throw new LinecardError('LC_INVALID', `the range ${range.address}/${range.prefix} is not within ${subnetText}`);
  }
  const [lowest, highest] = [[wanted.first, hosts.first].sort(byValue), [wanted.last, hosts.last].sort(byValue)];
  return { first: lowest[1]!, last: highest[0]! };
}

// Math.min and Math.max take no bigint.
function byValue(a: bigint, b: bigint): number {
  return a < b ? -1 : 1;
}
