import { LinecardError } from '@linecard/wire';
import { z } from 'zod';
import type { NetworkRequest } from './network-plan.js';

/*
 * What Linecard remembers stands in `external_ids` of the rows that it concerns, and nowhere else. The keys are an
 * interface for controllers and scripts: docs/ovsdb.md lists them.
 */

/** The container that a port belongs to, as far as Docker has told. */
export interface ContainerRef {
  readonly id: string;
  readonly name: string;
}

/** One published port as Docker asked for it. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostIp: string;
  readonly hostPort: number;
  readonly port: number;
}

/** A DHCP lease that a container's client holds. */
export interface Lease {
  readonly address: string;
  readonly router?: string;
  readonly server?: string;
  /** Seconds that the server granted. */
  readonly seconds: number;
  /** When it was granted, in ISO 8601. */
  readonly since: string;
}

/** A container's port on a bridge: made for a Docker endpoint, or by `linecard attach`. */
export interface Port {
  readonly kind: 'endpoint' | 'attachment';
  /** Docker's endpoint ID, or the ID of the attachment: 64 hex digits. */
  readonly id: string;
  /** The name of its Interface row, and of the end of its veth pair that stays on the host. */
  readonly link: string;
  readonly bridge: string;
  readonly networkId?: string;
  readonly networkName?: string;
  /** The OpenFlow port asked for. */
  readonly ofport: number;
  readonly mac: string;
  /** Addresses with prefix length. */
  readonly addresses: readonly string[];
  /** Endpoint options as they were given. */
  readonly options: Readonly<Record<string, string>>;
  readonly container?: ContainerRef;
  readonly portMap: readonly PortMapping[];
  /** Path of the container's network namespace, once it has joined. */
  readonly sandbox?: string;
  readonly lease?: Lease;
}

/** The OpenFlow port that a container's name keeps on a bridge while it is not attached. */
export interface Seat {
  readonly ofport: number;
  /** Its container while Docker has it; a seat without one may be given away. */
  readonly containerId?: string;
  /** Whether the user asked for this number, and so may ask for it again. */
  readonly chosen?: boolean;
}

/** What `linecard attach` remembers of an attachment, so that a restarted container gets it back. */
export interface Attachment {
  readonly id: string;
  readonly container: ContainerRef;
  readonly bridge: string;
  readonly ifname: string;
  readonly addresses: readonly string[];
  readonly gateway?: string;
  readonly mac: string;
  readonly mtu: number;
  readonly vlan?: number;
  readonly ofport: number;
}

/** Prefix of the Bridge keys that keep a container name's OpenFlow port. */
export const seatPrefix = 'linecard-port:';
/** Prefix of the Bridge keys that keep an attachment. */
export const attachmentPrefix = 'linecard-attach:';
/** Stands behind the number and the container of a seat whose number the user asked for. */
const chosenMark = 'chosen';

const mappings = z.array(
  z.object({
    protocol: z.enum(['tcp', 'udp', 'sctp']),
    hostIp: z.string(),
    hostPort: z.number(),
    port: z.number(),
  }),
);
const request = z.object({
  id: z.string(),
  internal: z.boolean(),
  subnets: z.array(z.object({ pool: z.string(), gateway: z.string().optional() })),
  options: z.record(z.string(), z.string()),
});
const lease = z.object({
  address: z.string(),
  router: z.string().exactOptional(),
  server: z.string().exactOptional(),
  seconds: z.number(),
  since: z.string(),
});
const attachment = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  container: z.object({ id: z.string(), name: z.string() }),
  bridge: z.string(),
  ifname: z.string(),
  addresses: z.array(z.string()),
  gateway: z.string().exactOptional(),
  mac: z.string(),
  mtu: z.number(),
  vlan: z.number().exactOptional(),
  ofport: z.number(),
});

type Ids = ReadonlyMap<string, string>;

function readJson<T>(schema: z.ZodType<T>, key: string, text: string | undefined, otherwise: T): T {
  if (text === undefined) return otherwise;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new LinecardError('LC_PROTOCOL', `external_ids:${key} is not what Linecard writes: ${text.slice(0, 100)}`, {
      hint: 'somebody changed it by hand; remove the row and let Linecard make it again',
      cause,
    });
  }
}

function present(entries: Record<string, string | undefined>): Map<string, string> {
  return new Map(Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The keys of a network's Bridge row. */
export function networkIds(network: { request: NetworkRequest; name: string | undefined }): Map<string, string> {
  return present({
    linecard: 'network',
    'network-id': network.request.id,
    'network-name': network.name,
    'linecard-network': JSON.stringify(network.request),
  });
}

/** What a Bridge row says of its network; undefined when it is not a network's bridge. */
export function readNetworkIds(ids: Ids): { request: NetworkRequest; name: string | undefined } | undefined {
  if (ids.get('linecard') !== 'network') return undefined;
  const read = readJson<NetworkRequest | undefined>(
    request,
    'linecard-network',
    ids.get('linecard-network'),
    undefined,
  );
  return read && { request: read, name: ids.get('network-name') };
}

/** The keys of a container port's Interface row. `attached-mac` is the name that Open vSwitch's own documents use. */
export function portIds(port: Port): Map<string, string> {
  const options = Object.keys(port.options).length > 0 ? JSON.stringify(port.options) : undefined;
  return present({
    linecard: port.kind,
    'endpoint-id': port.id,
    'network-id': port.networkId,
    'network-name': port.networkName,
    'container-id': port.container?.id,
    'container-name': port.container?.name,
    'attached-mac': port.mac,
    ip: port.addresses.length > 0 ? port.addresses.join(' ') : undefined,
    'linecard-options': options,
    'linecard-published': port.portMap.length > 0 ? JSON.stringify(port.portMap) : undefined,
    'linecard-sandbox': port.sandbox,
    'linecard-lease': port.lease && JSON.stringify(port.lease),
  });
}

/** All keys that {@link portIds} may write: what is not there now is removed from the row. */
export const portIdKeys = [
  'linecard',
  'endpoint-id',
  'network-id',
  'network-name',
  'container-id',
  'container-name',
  'attached-mac',
  'ip',
  'linecard-options',
  'linecard-published',
  'linecard-sandbox',
  'linecard-lease',
] as const;

/** Which row a port is read from. */
interface PortPlace {
  readonly link: string;
  readonly bridge: string;
  readonly ofport: number;
}

/** The port that an Interface row describes; undefined when it is not a container port of ours. */
export function readPortIds(ids: Ids, place: PortPlace): Port | undefined {
  const kind = ids.get('linecard');
  const id = ids.get('endpoint-id');
  if ((kind !== 'endpoint' && kind !== 'attachment') || id === undefined || !/^[0-9a-f]{64}$/.test(id))
    return undefined;
  const [networkId, networkName, sandbox] = ['network-id', 'network-name', 'linecard-sandbox'].map((key) =>
    ids.get(key),
  );
  const [containerId, containerName] = [ids.get('container-id'), ids.get('container-name')];
  const held = readJson<Lease | undefined>(lease, 'linecard-lease', ids.get('linecard-lease'), undefined);
  return {
    kind,
    id,
    ...place,
    ...(networkId === undefined ? {} : { networkId }),
    ...(networkName === undefined ? {} : { networkName }),
    mac: ids.get('attached-mac') ?? '',
    addresses: ids.get('ip')?.split(' ') ?? [],
    options: readJson(z.record(z.string(), z.string()), 'linecard-options', ids.get('linecard-options'), {}),
    ...(containerId && containerName ? { container: { id: containerId, name: containerName } } : {}),
    portMap: readJson<PortMapping[]>(mappings, 'linecard-published', ids.get('linecard-published'), []),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(held === undefined ? {} : { lease: held }),
  };
}

/** The Bridge key and value that keep a seat. */
export function seatId(name: string, seat: Seat): [string, string] {
  const words = [seat.ofport, seat.containerId, seat.chosen ? chosenMark : undefined];
  return [seatPrefix + name, words.filter((word) => word !== undefined).join(' ')];
}

/** The seats that a Bridge row keeps, by container name. */
export function readSeats(ids: Ids): Map<string, Seat> {
  const seats = new Map<string, Seat>();
  for (const [key, value] of ids) {
    const match = key.startsWith(seatPrefix) ? /^(\d{1,5})(?: (\S+)( chosen)?)?$/.exec(value) : null;
    if (match === null) continue;
    const [, ofport, containerId, chosen] = match;
    seats.set(key.slice(seatPrefix.length), {
      ofport: Number(ofport),
      ...(containerId === undefined ? {} : { containerId }),
      ...(chosen === undefined ? {} : { chosen: true }),
    });
  }
  return seats;
}

/** The Bridge key and value that keep an attachment. */
export function attachmentId(kept: Attachment): [string, string] {
  return [attachmentPrefix + kept.id, JSON.stringify(kept)];
}

/** The attachments that a Bridge row keeps. */
export function readAttachments(ids: Ids): Attachment[] {
  return [...ids]
    .filter(([key]) => key.startsWith(attachmentPrefix))
    .flatMap(([key, text]) => readJson<Attachment | undefined>(attachment, key, text, undefined) ?? []);
}
