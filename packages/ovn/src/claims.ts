import type { Uuid } from '@linecard/ovsdb';
import { rowIdentity } from './identity.js';
import type { NameRow } from './northbound.js';

/*
 * Who has an address stands in a row of table DNS whose identity is made of the address, so that the database itself
 * refuses a second holder. A row that no switch refers to means nothing to OVN; once the holder's name is known, the
 * same row answers for it.
 */

const kinds = ['endpoint', 'machine', 'gateway', 'reserved', 'released'] as const;

/**
 * `endpoint`: one holder. `machine`: a virtual machine's, on whichever host it is. `gateway` and `reserved`: the same
 * address on all hosts that have the network. `released`: nobody's, but not to be given away yet.
 */
export type ClaimKind = (typeof kinds)[number];

/**
 * One use of a shared address. Each has a name, so that whoever repeats a request that was not answered uses it once,
 * and whoever comes after a crash knows what is still wanted.
 */
export interface AddressUse {
  /** OVN's name of the host's chassis. */
  readonly host: string;
  /** What uses it on that host: a network by its ID, or a pool whose network is still to be made. */
  readonly by: string;
  /** Since when, in ms since 1970 by that host's clock. */
  readonly since: number;
}

/** An address and who has it. */
export interface Claim {
  readonly space: string;
  readonly address: string;
  readonly kind: ClaimKind;
  /** The host that has it, or had it: OVN's name of its chassis. */
  readonly host?: string;
  /** When it was taken or released, in ms since 1970 by that host's clock. */
  readonly since: number;
  /** The logical port of the machine that has it. */
  readonly machine?: string;
  /** The subnet that a gateway is of. */
  readonly gatewayOf?: string;
  /** Who uses a shared address. */
  readonly users: readonly AddressUse[];
}

const userPrefix = 'user:';

/** The identity of the row of an address. */
export function claimIdentity(space: string, address: string): Uuid {
  return rowIdentity('address', space, address);
}

/** The keys of a claim's row. */
export function claimIds(claim: Claim): Map<string, string> {
  return new Map([
    ['linecard', 'address'],
    ['space', claim.space],
    ['ip', claim.address],
    ['kind', claim.kind],
    ['since', new Date(claim.since).toISOString()],
    ...(claim.host === undefined ? [] : [['host', claim.host] as const]),
    ...(claim.machine === undefined ? [] : [['machine', claim.machine] as const]),
    ...(claim.gatewayOf === undefined ? [] : [['gateway-of', claim.gatewayOf] as const]),
    ...claim.users.map(({ host, by, since }) => [`${userPrefix}${host}/${by}`, new Date(since).toISOString()] as const),
  ]);
}

/** The claim that a row of DNS holds; undefined when it holds none. */
export function readClaim(row: NameRow | undefined): Claim | undefined {
  const ids = row?.external_ids;
  const [space, address, kind] = [ids?.get('space'), ids?.get('ip'), ids?.get('kind')];
  if (ids?.get('linecard') !== 'address' || space === undefined || address === undefined) return undefined;
  const [host, gatewayOf, machine] = [ids.get('host'), ids.get('gateway-of'), ids.get('machine')];
  return {
    space,
    address,
    kind: kinds.find((one) => one === kind) ?? 'endpoint',
    since: readTime(ids.get('since')),
    ...(host === undefined ? {} : { host }),
    ...(gatewayOf === undefined ? {} : { gatewayOf }),
    ...(machine === undefined ? {} : { machine }),
    users: [...ids].flatMap(([key, text]) => {
      const [, user, by] = /^user:(.+)\/([^/]+)$/.exec(key) ?? [];
      return user === undefined || by === undefined ? [] : [{ host: user, by, since: readTime(text) }];
    }),
  };
}

function readTime(text: string | undefined): number {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? 0 : time;
}
