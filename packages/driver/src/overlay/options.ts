import { integer, kind, type OptionKind, type OptionValues, oneOf, parseOptions, word } from '../option-kinds.js';

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

/** All options of `docker network create -d openvswitch -o NAME=VALUE`, with what each allows. */
export const overlayOptionTable = {
  'ovn.switch': word,
  'ovn.router': word,
  'ovn.gateway': word,
  'ovn.localnet': localnet,
  'ovn.mtu': integer(68, 65535),
  'com.docker.network.driver.mtu': integer(68, 65535),
} as const satisfies Record<string, OptionKind<unknown>>;

/** The options of one network, read and checked. */
export type OverlayOptions = OptionValues<typeof overlayOptionTable>;

/** Reads the `-o` map. Throws `LC_INVALID`. */
export function parseOverlayOptions(raw: Readonly<Record<string, string>>): OverlayOptions {
  return parseOptions(overlayOptionTable, raw);
}

/** The tunnel types that ovn-controller makes. */
export const encapType = oneOf('geneve', 'vxlan', 'stt');
