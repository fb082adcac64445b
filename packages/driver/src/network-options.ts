import { isIP } from 'node:net';
import { controllerForms, parseController } from '@linecard/switch';
import { formatDpid, parseDpid } from '@linecard/wire';
import {
  flag,
  integer,
  interfaceName,
  isInterfaceName,
  kind,
  listOf,
  mac,
  type OptionKind,
  type OptionValues,
  oneOf,
  parseOptions,
  word,
} from './option-kinds.js';

/** An interface of the host that is plugged into a network's bridge. */
export interface Uplink {
  readonly name: string;
  /** OpenFlow port wanted. */
  readonly ofport?: number;
  /** Name of the ACL that policy applies to it. */
  readonly acl?: string;
  readonly vlan?: number;
}

/** A tunnel to the same bridge on another host. */
export interface Tunnel {
  readonly type: 'vxlan' | 'geneve' | 'gre';
  readonly remote: string;
  /** VNI or GRE key; 0 when none was given. */
  readonly key: number;
}

/** Highest OpenFlow port number that an interface may ask for: one below OFPP_MAX (OpenFlow 1.0, 5.2.1). */
export const maxOfport = 0xfeff;

const vlan = integer(1, 4094);

function parseUplink(text: string): Uplink | undefined {
  const [name = '', ofport = '', acl = '', tag = '', ...more] = text.split('/');
  if (more.length > 0 || !isInterfaceName(name)) return undefined;
  const numbers = { ofport: integer(1, maxOfport).parse(ofport), vlan: vlan.parse(tag) };
  const bad = (ofport !== '' && numbers.ofport === undefined) || (tag !== '' && numbers.vlan === undefined);
  if (bad || (acl !== '' && word.parse(acl) === undefined)) return undefined;
  return {
    name,
    ...(numbers.ofport === undefined ? {} : { ofport: numbers.ofport }),
    ...(acl === '' ? {} : { acl }),
    ...(numbers.vlan === undefined ? {} : { vlan: numbers.vlan }),
  };
}

function parseTunnel(text: string): Tunnel | undefined {
  const [, type, rest] = /^(vxlan|geneve|gre):(.+)$/.exec(text) ?? [];
  if (type === undefined || rest === undefined) return undefined;
  const [, bracketed, plain, keyText] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,10}))?$/.exec(rest) ?? [];
  const remote = bracketed ?? plain ?? rest;
  const key = integer(0, type === 'gre' ? 0xffff_ffff : 0xff_ffff).parse(keyText ?? '0');
  if (isIP(remote) === 0 || key === undefined) return undefined;
  return { type: type as Tunnel['type'], remote, key };
}

const uplinks = listOf(
  kind<Uplink>('', parseUplink),
  'a comma-separated list of name[/ofport[/acl[/vlan]]], for example eno2/8',
);

/** All options of `docker network create -d ovs -o NAME=VALUE`, with what each allows. */
export const networkOptionTable = {
  'ovs.bridge.name': interfaceName,
  'ovs.bridge.mode': oneOf('flat', 'nat', 'routed'),
  'ovs.bridge.dpid': kind('a datapath ID from 0x1 to 0xffffffffffffffff', (text) => {
    try {
      return formatDpid(parseDpid(text));
    } catch {
      return undefined;
    }
  }),
  'ovs.bridge.controller': listOf(kind('', parseController), `a comma-separated list of ${controllerForms}`),
  'ovs.bridge.fail_mode': oneOf('secure', 'standalone'),
  'ovs.bridge.protocols': listOf(
    oneOf('OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'),
    'a comma-separated list of OpenFlow10, OpenFlow11, OpenFlow12, OpenFlow13, OpenFlow14, OpenFlow15',
  ),
  'ovs.bridge.vlan': vlan,
  'ovs.bridge.mtu': integer(68, 65535),
  'com.docker.network.driver.mtu': integer(68, 65535),
  'ovs.bridge.add_ports': uplinks,
  'ovs.bridge.bind_interface': interfaceName,
  'ovs.bridge.tunnels': listOf(
    kind<Tunnel>('', parseTunnel),
    'a comma-separated list of vxlan:REMOTE[:KEY], geneve:REMOTE[:KEY] or gre:REMOTE[:KEY], an IPv6 REMOTE in brackets',
  ),
  'ovs.bridge.userspace': flag,
  'ovs.bridge.ovs_local_mac': mac,
  'ovs.bridge.dhcp': flag,
  'ovs.bridge.lbport': integer(1, maxOfport),
  'ovs.bridge.mirror_tunnel_vid': vlan,
  'ovs.bridge.nat_acl': word,
  'ovs.bridge.default_acl': word,
  'ovs.bridge.vlan_out_acl': word,
  'ovs.bridge.add_copro_ports': uplinks,
  'ovs.bridge.preallocate_ports': integer(0, 1024),
} as const satisfies Record<string, OptionKind<unknown>>;

/** The options of one network, read and checked. */
export type NetworkOptions = OptionValues<typeof networkOptionTable>;

/** Reads the `-o` map. `bind_interface` may stand without its prefix. Throws `LC_INVALID`. */
export function parseNetworkOptions(raw: Readonly<Record<string, string>>): NetworkOptions {
  const { bind_interface: bare, ...options } = raw;
  return parseOptions(networkOptionTable, {
    ...options,
    ...(bare === undefined ? {} : { 'ovs.bridge.bind_interface': bare }),
  });
}

/** All endpoint options: `--network name=N,driver-opt=NAME=VALUE` or `docker network connect --driver-opt NAME=VALUE`. */
export const endpointOptionTable = {
  'ovs.port.number': integer(1, maxOfport),
  'ovs.port.vlan': vlan,
  'ovs.port.trunk': listOf(vlan, 'a comma-separated list of VLANs from 1 to 4094'),
  'ovs.port.rate': integer(1, 400_000_000),
  'ovs.port.burst': integer(1, 400_000_000),
} as const satisfies Record<string, OptionKind<unknown>>;

/** The options of one endpoint, read and checked. */
export type EndpointOptions = OptionValues<typeof endpointOptionTable>;

/** Reads the driver options of one endpoint. Throws `LC_INVALID`. */
export function parseEndpointOptions(raw: Readonly<Record<string, string>>): EndpointOptions {
  return parseOptions(endpointOptionTable, raw);
}
