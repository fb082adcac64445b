import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { CommandError, isErrno, Netlink, run, writeSysctl } from '@linecard/linux';
import { commonName, type TlsFiles } from '@linecard/ovsdb';
import { OpenvSwitch } from '@linecard/switch';
import { LinecardError } from '@linecard/wire';
import { digest, stableMac } from '../names.js';
import { checkAddress, checkDatabase, checkTls, endpoints, ovnCtl, ports, startMs } from './remotes.js';

/** How a host becomes a part of OVN. */
export interface JoinRequest {
  /** Addresses of the members of OVN central. */
  readonly central: readonly string[];
  /** The address to which other hosts send their tunnels; the one that leads to the central by default. */
  readonly encapIp?: string;
  readonly encapType: string;
  /** Speak SSL to the databases with these files; absent: as before, plain TCP at first. */
  readonly tls?: TlsFiles;
}

/** What a join has set. */
export interface JoinReply {
  readonly host: string;
  readonly encapIp: string;
  readonly bridge: string;
  /** The bridge that the tunnels' address was moved to, for the userspace datapath. */
  readonly uplinkBridge?: string;
}

interface JoinParts {
  readonly ovs: OpenvSwitch;
  readonly net: Netlink;
}

/** The address that this host has towards another. Nothing is sent. */
async function addressTowards(address: string): Promise<string> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(ports.sb, address);
    await once(socket, 'connect');
    return socket.address().address;
  } catch (cause) {
    throw new LinecardError('LC_INVALID', `there is no route to ${address}: ${(cause as Error).message}`, { cause });
  } finally {
    socket.close();
  }
}

/**
 * Makes this host a chassis of OVN: writes where the central is, starts ovn-controller and waits for its integration
 * bridge. Where the kernel has no Open vSwitch, tunnels are made by ovs-vswitchd, which finds its way only through a
 * bridge of its own: the interface with the tunnels' address becomes a port of one, and the address moves there.
 */
export async function joinHost(ovsdb: string, request: JoinRequest): Promise<JoinReply> {
  const ovs = new OpenvSwitch({ endpoint: ovsdb });
  const net = Netlink.open();
  try {
    ovs.start();
    return await join({ ovs, net }, request);
  } finally {
    await ovs.close();
    net.close();
  }
}

async function join({ ovs, net }: JoinParts, request: JoinRequest): Promise<JoinReply> {
  for (const address of request.central) checkAddress(address);
  if (request.tls !== undefined) await checkTls(request.tls);
  const encapIp = checkAddress(request.encapIp ?? (await addressTowards(request.central[0]!)));
  await ovs.whenReady(10_000);
  const ids = ovs.view.root()?.external_ids ?? new Map<string, string>();
  const remotes = await findCentral(request, ids, ovs.view.tls());
  const host = chassisName(ids.get('system-id'), remotes.tls);
  const userspace = !(await net.hasGenlFamily('ovs_datapath'));
  const uplinkBridge = userspace ? await moveUplink({ ovs, net }, encapIp) : undefined;
  await ovs.commit((edit) => {
    if (remotes.tls !== undefined) edit.setTls(remotes.tls);
    edit.setRootIds(
      new Map([
        ['system-id', host],
        ['ovn-remote', remotes.southbound],
        ['ovn-nb', remotes.northbound],
        ['ovn-encap-ip', encapIp],
        ['ovn-encap-type', request.encapType],
        ...(userspace ? [['ovn-bridge-datapath-type', 'netdev'] as const] : []),
      ]),
    );
  });
  await startController();
  const bridge = ids.get('ovn-bridge') ?? 'br-int';
  const present = () => ovs.view.bridge(bridge);
  await ovs.view.replica.waitFor(present, { timeoutMs: 30_000, what: `ovn-controller to make bridge ${bridge}` });
  return { host, encapIp, bridge, ...(uplinkBridge === undefined ? {} : { uplinkBridge }) };
}

/** Where the databases are, and how they are spoken to. */
interface Remotes {
  readonly northbound: string;
  readonly southbound: string;
  readonly tls?: TlsFiles;
}

/** Makes sure that the databases answer, unless this host uses them already: they may be starting as it is. */
async function findCentral(
  { central, tls: asked }: JoinRequest,
  ids: ReadonlyMap<string, string>,
  present: TlsFiles | undefined,
): Promise<Remotes> {
  const tls = asked ?? (ids.get('ovn-nb')?.startsWith('ssl:') ? present : undefined);
  const scheme = tls === undefined ? 'tcp' : 'ssl';
  const [northbound, southbound] = [endpoints(central, 'nb', scheme), endpoints(central, 'sb', scheme)];
  const files = tls === undefined ? {} : { tls };
  const known = ids.get('ovn-nb') === northbound && ids.get('ovn-remote') === southbound;
  if (!known || JSON.stringify(tls) !== JSON.stringify(asked === undefined ? tls : present)) {
    await checkDatabase({ endpoint: northbound, ...files }, 'OVN_Northbound');
    await checkDatabase({ endpoint: southbound, ...files }, 'OVN_Southbound');
  }
  return { northbound, southbound, ...files };
}

/**
 * The name of this host's chassis: its `system-id`, or a new one. With SSL it must be the name in the certificate: OVN
 * lets a host change only what is of the chassis that its certificate names. Throws `LC_CONFLICT`.
 */
function chassisName(systemId: string | undefined, tls: TlsFiles | undefined): string {
  const name = tls === undefined ? undefined : commonName(tls.cert);
  if (name !== undefined && systemId !== undefined && name !== systemId) {
    throw new LinecardError('LC_CONFLICT', `certificate ${tls!.cert} is for ${name}, and this host is ${systemId}`, {
      hint: `make it with: ovs-pki -u req+sign ${systemId} switch`,
    });
  }
  return systemId ?? name ?? digest('host', crypto.randomUUID()).slice(0, 32);
}

/** Starts ovn-controller unless it runs. */
async function startController(): Promise<void> {
  try {
    await run([ovnCtl, 'status_controller']);
  } catch (error) {
    if (!(error instanceof CommandError) || error.missing) throw error;
    await run([ovnCtl, 'start_controller'], { timeoutMs: startMs });
  }
}

/** Plugs the interface that has an address into a bridge of its own, and moves its addresses and routes there. */
async function moveUplink({ ovs, net }: JoinParts, address: string): Promise<string> {
  const holder = (await net.addresses()).find(({ cidr }) => cidr.address === address);
  const link = holder === undefined ? undefined : await net.link(holder.ifindex);
  if (holder === undefined || link === undefined) {
    throw new LinecardError('LC_NOT_FOUND', `no interface of this host has the address ${address}`, {
      hint: 'give the one that other hosts reach with --encap-ip',
    });
  }
  if (ovs.view.bridge(link.name) !== undefined) return link.name;
  const bridge = `br-${link.name}`.slice(0, 15);
  await ovs.commit((edit) => {
    edit.ensureBridge({
      name: bridge,
      datapathType: 'netdev',
      failMode: 'standalone',
      // Not the uplink's own: the kernel hears the uplink's frames too, and must take them for somebody else's.
      otherConfig: new Map([['hwaddr', stableMac('uplink', link.mac)]]),
      externalIds: new Map([['linecard', 'uplink']]),
      local: { mtu: link.mtu },
    });
    edit.ensurePort({ bridge, name: link.name, type: '', externalIds: new Map() });
  });
  await ovs.ofport(bridge, 10_000);
  await ovs.ofport(link.name, 10_000);
  // The kernel hears every frame of the uplink too: it must not answer for an address that has moved away.
  for (const name of ['all', link.name]) await writeSysctl(['net', 'ipv4', 'conf', name, 'arp_ignore'], 1);
  await net.disableTxChecksum(link.name);
  await moveAddresses(net, link.index, bridge);
  return bridge;
}

async function moveAddresses(net: Netlink, from: number, bridge: string): Promise<void> {
  await net.setLink(bridge, { up: true });
  const target = await net.link(bridge);
  if (target === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no interface ${bridge}`);
  const addresses = (await net.addresses({ ifindex: from })).filter(({ cidr }) => !/^fe80:/.test(cidr.address));
  const routes = (await net.routes()).filter(({ ifindex, gateway }) => ifindex === from && gateway !== undefined);
  for (const { cidr } of addresses) {
    await net.deleteAddress(from, cidr);
    await net.addAddress(target.index, cidr);
  }
  for (const { destination, gateway, metric } of routes) {
    const route = { destination, gateway: gateway!, ifindex: target.index, ...(metric ? { metric } : {}) };
    await net.addRoute(route).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
  }
}
