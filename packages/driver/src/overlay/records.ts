import type { Machine } from '@linecard/ovn';
import { LinecardError } from '@linecard/wire';
import { z } from 'zod';
import type { ContainerRef, PortMapping } from '../records.js';
import { type OverlayPlan, planOverlay } from './plan.js';

/*
 * What a host remembers of its networks over many hosts stands in its own OVSDB, so that it can give the northbound
 * database back what that has lost: networks and the ports of machines in the integration bridge's row, endpoints in
 * their interfaces' rows.
 */

/** A container's port on the integration bridge, and its logical port, which is named by its ID. */
export interface OverlayPort {
  /** Docker's endpoint ID: the name of the logical port. */
  readonly id: string;
  /** The name of its Interface row, and of the end of its veth pair that stays on the host. */
  readonly link: string;
  readonly networkId: string;
  readonly mac: string;
  /** Addresses with prefix length. */
  readonly addresses: readonly string[];
  readonly container?: ContainerRef;
  /** What stands in the container's label `linecard.acl`, once Docker has told. */
  readonly label?: string;
  /** Endpoint options as they were given. */
  readonly options: Readonly<Record<string, string>>;
  readonly portMap: readonly PortMapping[];
}

/** A network as this host wants it. */
export interface OverlayNetwork {
  readonly plan: OverlayPlan;
  /** Its name, once Docker has told. */
  readonly name?: string;
}

/** Prefix of the keys of the integration bridge that keep a network. */
export const networkPrefix = 'linecard-overlay:';
/** Prefix of the keys of the integration bridge that keep a virtual machine's port. */
export const machinePrefix = 'linecard-machine:';
/** The mark of the interfaces that are containers' here; the local driver's are marked otherwise. */
export const portMark = 'overlay';
/** The mark of the interfaces that lead from a router into this host's stack. */
export const gatewayMark = 'overlay-gateway';

const request = z.object({
  name: z.string().exactOptional(),
  id: z.string(),
  internal: z.boolean(),
  ownAddresses: z.boolean(),
  reserved: z.array(z.string()),
  subnets: z.array(z.object({ pool: z.string(), gateway: z.string().optional() })),
  options: z.record(z.string(), z.string()),
});
const machine = z.object({
  switch: z.string(),
  mac: z.string(),
  addresses: z.array(z.string()),
  space: z.string(),
  host: z.string().exactOptional(),
});
const mappings = z.array(
  z.object({ protocol: z.enum(['tcp', 'udp', 'sctp']), hostIp: z.string(), hostPort: z.number(), port: z.number() }),
);

type Ids = ReadonlyMap<string, string>;

function readJson<T>(schema: z.ZodType<T>, key: string, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new LinecardError('LC_PROTOCOL', `external_ids:${key} is not what Linecard writes: ${text.slice(0, 100)}`, {
      hint: 'somebody changed it by hand; remove the key and restart the daemon',
      cause,
    });
  }
}

/** The key and value that keep a network. */
export function networkId({ plan, name }: OverlayNetwork): [string, string] {
  return [networkPrefix + plan.id, JSON.stringify({ ...plan.request, ...(name === undefined ? {} : { name }) })];
}

/** The network that a key of the integration bridge keeps. Throws `LC_PROTOCOL`. */
export function readNetworkId(key: string, text: string): OverlayNetwork {
  const { name, ...rest } = readJson(request, key, text);
  return { plan: planOverlay(rest), ...(name === undefined ? {} : { name }) };
}

/** The key and value that keep a virtual machine's port. */
export function machineId({ name, ...rest }: Machine): [string, string] {
  return [machinePrefix + name, JSON.stringify(rest)];
}

/** The virtual machine's port that a key of the integration bridge keeps. Throws `LC_PROTOCOL`. */
export function readMachineId(key: string, text: string): Machine {
  return { name: key.slice(machinePrefix.length), ...readJson(machine, key, text) };
}

/** The keys of a container's interface. `iface-id` is what ovn-controller binds the logical port by. */
export function overlayPortIds(port: OverlayPort, networkName: string | undefined): Map<string, string> {
  const entries: [string, string | undefined][] = [
    ['linecard', portMark],
    ['iface-id', port.id],
    ['endpoint-id', port.id],
    ['network-id', port.networkId],
    ['network-name', networkName],
    ['attached-mac', port.mac],
    ['ip', port.addresses.join(' ')],
    ['container-id', port.container?.id],
    ['container-name', port.container?.name],
    ['linecard-acl', port.label],
    ['linecard-options', Object.keys(port.options).length > 0 ? JSON.stringify(port.options) : undefined],
    ['linecard-published', port.portMap.length > 0 ? JSON.stringify(port.portMap) : undefined],
  ];
  return new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** All keys that {@link overlayPortIds} may write. */
export const overlayPortKeys = [
  ...['linecard', 'iface-id', 'endpoint-id', 'network-id', 'network-name', 'attached-mac', 'ip'],
  ...['container-id', 'container-name', 'linecard-acl', 'linecard-options', 'linecard-published'],
] as const;

/** The port that an interface's keys describe; undefined when it is none. Throws `LC_PROTOCOL`. */
export function readOverlayPort(ids: Ids, link: string): OverlayPort | undefined {
  const [id, network] = [ids.get('endpoint-id'), ids.get('network-id')];
  if (ids.get('linecard') !== portMark || id === undefined || network === undefined) return undefined;
  const [containerId, name] = [ids.get('container-id'), ids.get('container-name')];
  const [published, options, label] = [
    ids.get('linecard-published'),
    ids.get('linecard-options'),
    ids.get('linecard-acl'),
  ];
  return {
    id,
    link,
    networkId: network,
    mac: ids.get('attached-mac') ?? '',
    addresses: (ids.get('ip') ?? '').split(' ').filter((text) => text !== ''),
    ...(containerId !== undefined && name !== undefined ? { container: { id: containerId, name } } : {}),
    ...(label === undefined ? {} : { label }),
    options: options === undefined ? {} : readJson(z.record(z.string(), z.string()), 'linecard-options', options),
    portMap: published === undefined ? [] : readJson(mappings, 'linecard-published', published),
  };
}
