import { type EndpointQos, readGroups } from '@linecard/ovn';
import { integer, kind, type OptionKind, type OptionValues, oneOf, parseOptions, word } from '../option-kinds.js';
import { defaultBurst } from '../rate-limit.js';

/** A physical network that OVN bridges a logical switch to: `PHYSNET` or `PHYSNET:VLAN`. */
export interface Localnet {
  readonly network: string;
  readonly vlan?: number;
}

const localnet = kind<Localnet>('PHYSNET or PHYSNET:VLAN, for example physnet1:100', (text) => {
  const [name = '', tag, ...more] = text.split(':');
  const vlan = tag === undefined ? undefined : integer(1, 4094).parse(tag);
  if (more.length > 0 || word.parse(name) === undefined || (tag !== undefined && vlan === undefined)) return undefined;
  return vlan === undefined ? { network: name } : { network: name, vlan };
});

const groups = kind<readonly string[]>('names of groups, comma-separated, for example quarantine,web-only', (text) => {
  try {
    return readGroups(text);
  } catch {
    return undefined;
  }
});

/** All options of `docker network create -d openvswitch -o NAME=VALUE`, with what each allows. */
export const overlayOptionTable = {
  'ovn.switch': word,
  'ovn.router': word,
  'ovn.gateway': word,
  'ovn.localnet': localnet,
  'ovn.mtu': integer(68, 65535),
  'ovn.acl': groups,
  'com.docker.network.driver.mtu': integer(68, 65535),
} as const satisfies Record<string, OptionKind<unknown>>;

/** The options of one network, read and checked. */
export type OverlayOptions = OptionValues<typeof overlayOptionTable>;

/** Reads the `-o` map. Throws `LC_INVALID`. */
export function parseOverlayOptions(raw: Readonly<Record<string, string>>): OverlayOptions {
  return parseOptions(overlayOptionTable, raw);
}

/** All options of an endpoint: `--network name=N,driver-opt=NAME=VALUE`. */
export const overlayEndpointTable = {
  'ovn.acl': groups,
  'ovs.port.rate': integer(1, 4_294_967_295),
  'ovs.port.burst': integer(1, 4_294_967_295),
  'ovn.qos.dscp': integer(0, 63),
} as const satisfies Record<string, OptionKind<unknown>>;

/** What an endpoint's options ask for. */
export interface OverlayEndpointOptions {
  /** The groups that its ACLs come from. */
  readonly groups: readonly string[];
  readonly qos?: EndpointQos;
}

/** Reads the options of an endpoint. Throws `LC_INVALID`. */
export function parseOverlayEndpoint(raw: Readonly<Record<string, string>>): OverlayEndpointOptions {
  const options = parseOptions(overlayEndpointTable, raw);
  const { 'ovs.port.rate': rate, 'ovs.port.burst': burst, 'ovn.qos.dscp': dscp } = options;
  const qos: EndpointQos = {
    ...(rate === undefined ? {} : { rate, burst: burst ?? defaultBurst(rate) }),
    ...(dscp === undefined ? {} : { dscp }),
  };
  return { groups: options['ovn.acl'] ?? [], ...(Object.keys(qos).length === 0 ? {} : { qos }) };
}

/** The tunnel types that ovn-controller makes. */
export const encapType = oneOf('geneve', 'vxlan', 'stt');
