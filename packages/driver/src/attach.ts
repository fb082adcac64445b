import type { ContainerDetail, DockerEngine } from '@linecard/docker';
import { configureInNetns, inNetns, type Link, type Netlink } from '@linecard/linux';
import { parseController } from '@linecard/switch';
import { contains, formatCidr, LinecardError, parseCidr } from '@linecard/wire';
import type { Fabric } from './fabric.js';
import { Locks } from './locks.js';
import { digest, localLinks, stableMac } from './names.js';
import { isInterfaceName } from './option-kinds.js';
import type { Reconciler } from './reconciler.js';
import type { Attachment, Port } from './records.js';

/** What `linecard attach` is asked for. */
export interface AttachRequest {
  readonly bridge: string;
  /** Name, ID or unique beginning of an ID. */
  readonly container: string;
  /** Addresses with prefix length; may be empty. */
  readonly addresses: readonly string[];
  /** The interface's name in the container; the first free `ethN` when absent. */
  readonly ifname?: string | undefined;
  /** The OpenFlow port wanted, 1 to 65279. */
  readonly ofport?: number | undefined;
  readonly mac?: string | undefined;
  readonly vlan?: number | undefined;
  readonly gateway?: string | undefined;
  readonly mtu?: number | undefined;
  /** Controllers for a bridge that is made now. */
  readonly controllers?: readonly string[] | undefined;
}

/** What `linecard attach` did. */
export interface AttachResult {
  readonly attachment: Attachment;
  /** The name of Open vSwitch's interface. */
  readonly link: string;
  /** The OpenFlow port that Open vSwitch gave. */
  readonly ofport: number;
  /** False when everything was as asked for already. */
  readonly changed: boolean;
}

const patienceMs = 10_000;
const defaultMtu = 1500;

/** Plugs running containers into bridges by hand, and plugs them in again after every restart. */
export class Attacher {
  readonly #engine: DockerEngine;
  readonly #net: Netlink;
  readonly #fabric: Fabric;
  readonly #reconciler: Reconciler;
  readonly #locks = new Locks();

  constructor(parts: { engine: DockerEngine; net: Netlink; fabric: Fabric; reconciler: Reconciler }) {
    this.#engine = parts.engine;
    this.#net = parts.net;
    this.#fabric = parts.fabric;
    this.#reconciler = parts.reconciler;
  }

  /** Attaches a container. Rejects with `LC_INVALID`, `LC_NOT_FOUND` or `LC_CONFLICT`, and then has changed nothing. */
  async attach(request: AttachRequest): Promise<AttachResult> {
    check(request);
    await this.#reconciler.whenReady(patienceMs);
    const container = await this.#running(request.container);
    return this.#locks.run(container.id, () => this.#attach(request, container));
  }

  async #attach(request: AttachRequest, container: RunningContainer): Promise<AttachResult> {
    const { state, ovs } = this.#fabric.parts;
    const present = this.#find(container.id, request);
    if (present !== undefined) {
      refuseDifference(request, present);
      const made = await this.#ensure(present, container.pid);
      return { attachment: present, ...(await this.#place(present)), changed: made };
    }
    const ifname = request.ifname ?? (await this.#freeName(container.pid));
    await this.#refuseTaken(container, ifname);
    const attachment = this.#plan(request, container, ifname);
    const isNew = ovs.view.bridge(request.bridge) === undefined;
    state.attachments.set(attachment.id, attachment);
    state.seats(request.bridge).take(seatName(attachment), attachment.ofport, container.id);
    try {
      // A bridge that is made for this attachment has it in its row from the start.
      await this.#ensureBridge(request);
      await ovs.commit((edit) => this.#fabric.editMemory(edit, request.bridge));
      this.#fabric.parts.checkpoint('attachment-saved');
      await this.#fabric.parts.firewall.sync();
      await this.#ensure(attachment, container.pid);
      return { attachment, ...(await this.#place(attachment)), changed: true };
    } catch (error) {
      await this.#undo(attachment, isNew).catch(() => undefined);
      throw error;
    }
  }

  async #undo(attachment: Attachment, isNewBridge: boolean): Promise<void> {
    const { state, ovs } = this.#fabric.parts;
    await this.#remove(attachment);
    const used = [...state.attachments.values()].some(({ bridge }) => bridge === attachment.bridge);
    if (!isNewBridge || used || !state.plainBridges.has(attachment.bridge)) return;
    state.deleteBridge(attachment.bridge);
    await ovs.commit((edit) => edit.removeBridge(attachment.bridge));
  }

  /** Takes a container off a bridge: one interface, or all that were attached. `LC_NOT_FOUND` when there is none. */
  async detach(bridge: string, containerRef: string, ifname?: string): Promise<Attachment[]> {
    await this.#reconciler.whenReady(patienceMs);
    const id = await this.#idOf(containerRef);
    return this.#locks.run(id, async () => {
      const { state } = this.#fabric.parts;
      const found = [...state.attachments.values()].filter(
        (one) => one.container.id === id && one.bridge === bridge && (ifname === undefined || one.ifname === ifname),
      );
      if (found.length === 0) {
        throw new LinecardError('LC_NOT_FOUND', `container ${containerRef} is not attached to bridge ${bridge}`, {
          hint: '`linecard ports` shows what is attached where',
        });
      }
      for (const attachment of found) await this.#remove(attachment);
      return found;
    });
  }

  /** Attaches a container again that was attached before it stopped; nothing for others. */
  async restore(containerId: string): Promise<void> {
    const { state } = this.#fabric.parts;
    const mine = () => [...state.attachments.values()].filter(({ container }) => container.id === containerId);
    if (mine().length === 0) return;
    await this.#locks.run(containerId, async () => {
      const { pid } = await this.#running(containerId);
      for (const attachment of mine()) await this.#ensure(attachment, pid);
    });
  }

  async #running(ref: string): Promise<RunningContainer> {
    const container = await this.#engine.container(ref);
    const { pid } = container;
    if (!container.running || pid === undefined) {
      throw new LinecardError('LC_INVALID', `container ${container.name} is ${container.state}`, {
        hint: `docker start ${container.name}`,
      });
    }
    if (container.networkMode === 'host') {
      throw new LinecardError('LC_INVALID', `container ${container.name} shares the host's network`, {
        hint: 'start it with --net=none or on a network of its own',
      });
    }
    return { ...container, pid };
  }

  async #idOf(ref: string): Promise<string> {
    const kept = [...this.#fabric.parts.state.attachments.values()].find(
      ({ container }) => container.name === ref || container.id === ref,
    );
    return kept?.container.id ?? (await this.#engine.container(ref)).id;
  }

  #find(containerId: string, request: AttachRequest): Attachment | undefined {
    const { state } = this.#fabric.parts;
    return [...state.attachments.values()].find(
      (one) =>
        one.container.id === containerId &&
        one.bridge === request.bridge &&
        (request.ifname === undefined ? sameAddresses(one, request) : one.ifname === request.ifname),
    );
  }

  /** Makes the bridge when it is missing. */
  async #ensureBridge({ bridge, controllers }: AttachRequest): Promise<void> {
    const { state, ovs, net } = this.#fabric.parts;
    if (ovs.view.bridge(bridge) !== undefined) {
      if (controllers !== undefined && state.networkOf(bridge) !== undefined) {
        throw new LinecardError(
          'LC_INVALID',
          `bridge ${bridge} belongs to a Docker network, which sets its controllers`,
        );
      }
      if (controllers !== undefined) await this.#fabric.setControllers(bridge, controllers);
      return;
    }
    if ((await net.link(bridge)) !== undefined) {
      throw new LinecardError('LC_CONFLICT', `the host has an interface ${bridge} that is no Open vSwitch bridge`);
    }
    const plain = { controllers: controllers ?? [] };
    state.plainBridges.set(bridge, plain);
    await this.#fabric.makePlainBridge(bridge, plain);
    this.#fabric.parts.checkpoint('plain-bridge-committed');
    await ovs.settled(patienceMs);
  }

  async #freeName(pid: number): Promise<string> {
    const names = new Set((await this.#linksOf(pid)).map(({ name }) => name));
    for (let n = 0; ; n++) if (!names.has(`eth${n}`)) return `eth${n}`;
  }

  async #linksOf(pid: number): Promise<Link[]> {
    return this.#net.links({ netnsid: await this.#net.netnsid({ pid }) });
  }

  async #refuseTaken(container: RunningContainer, ifname: string): Promise<void> {
    if (!(await this.#linksOf(container.pid)).some(({ name }) => name === ifname)) return;
    throw new LinecardError('LC_CONFLICT', `container ${container.name} has an interface ${ifname} already`, {
      hint: 'choose another --ifname, or leave it out',
    });
  }

  #plan(request: AttachRequest, container: ContainerDetail, ifname: string): Attachment {
    const { bridge } = request;
    const { state } = this.#fabric.parts;
    const id = digest('attachment', container.id, bridge, ifname);
    const seat = state.seats(bridge).get(`${container.name}/${ifname}`);
    const kept = seat === undefined || this.#fabric.isTaken(bridge, seat.ofport) ? undefined : seat.ofport;
    if (request.ofport !== undefined) this.#refuseNumber(bridge, request.ofport, `${container.name}/${ifname}`);
    return {
      id,
      container: { id: container.id, name: container.name },
      bridge,
      ifname,
      addresses: request.addresses.map((text) => formatCidr(parseCidr(text))),
      ...(request.gateway === undefined ? {} : { gateway: request.gateway }),
      mac: request.mac ?? stableMac(id),
      mtu: request.mtu ?? state.networkOf(bridge)?.plan.mtu ?? defaultMtu,
      ...(request.vlan === undefined ? {} : { vlan: request.vlan }),
      ofport: request.ofport ?? kept ?? this.#fabric.freeNumber(bridge),
    };
  }

  #refuseNumber(bridge: string, ofport: number, seat: string): void {
    const owner = this.#fabric.parts.state.seats(bridge).ownerOf(ofport);
    if (!this.#fabric.isTaken(bridge, ofport) && (owner === undefined || owner === seat)) return;
    throw new LinecardError(
      'LC_CONFLICT',
      `OpenFlow port ${ofport} of ${bridge} belongs to ${owner ?? 'another interface'}`,
      {
        hint: '`linecard ports` shows the numbers in use',
      },
    );
  }

  /** Makes an attachment true. Returns false when it was already. */
  async #ensure(attachment: Attachment, pid: number): Promise<boolean> {
    const { state } = this.#fabric.parts;
    const link = await this.#wiredLink(attachment, pid);
    if (link !== undefined) {
      const port = portOf(attachment, link);
      if (!state.ports.has(port.id)) state.setPort(port);
      await this.#fabric.savePort(port.id);
      return false;
    }
    await this.#reconciler.guarded(attachment.id, () => this.#plug(attachment, pid));
    return true;
  }

  async #plug(attachment: Attachment, pid: number): Promise<void> {
    const { state, checkpoint } = this.#fabric.parts;
    const { links } = this.#fabric;
    const port = portOf(attachment, localLinks.fresh());
    const old = state.ports.get(port.id);
    try {
      state.setPort(port);
      // What it had before its container was restarted would keep its number.
      if (old !== undefined) await this.#fabric.removePort(old);
      await this.#fabric.makePort(port, attachment.mtu);
      await links.ready(port.link, port.bridge);
      const { ifname: name, mac } = attachment;
      await this.#net.setLink(localLinks.peerOf(port.link), { netns: { pid }, name, mac, up: true });
      checkpoint('link-moved');
      await configure(attachment, pid);
      checkpoint('link-configured');
      await this.#place(attachment);
    } catch (error) {
      state.deletePort(port.id);
      await this.#fabric.removePort(port).catch(() => undefined);
      throw error;
    }
  }

  /** The host's end of an attachment's link, when the other one is in the container, as a link itself says. */
  async #wiredLink(attachment: Attachment, pid: number): Promise<string | undefined> {
    const known = this.#fabric.parts.state.ports.get(attachment.id)?.link;
    const netnsid = await this.#net.netnsid({ pid });
    const outside = await this.#net.peerOf(attachment.ifname, { netnsid }).catch(() => undefined);
    if (outside === undefined || (outside.name !== known && outside.alias !== attachment.id)) return undefined;
    await configure(attachment, pid);
    return outside.name;
  }

  /** Where an attachment is plugged in, once Open vSwitch has given it a port. */
  async #place({ id, bridge }: Attachment): Promise<Pick<AttachResult, 'link' | 'ofport'>> {
    const { ovs, state } = this.#fabric.parts;
    const link = state.ports.get(id)?.link;
    if (link === undefined) throw new LinecardError('LC_CLOSED', `it was detached from ${bridge} meanwhile`);
    return { link, ofport: await ovs.ofport(link, patienceMs) };
  }

  async #remove(attachment: Attachment): Promise<void> {
    const { state, ovs } = this.#fabric.parts;
    state.attachments.delete(attachment.id);
    const port = state.deletePort(attachment.id);
    // Together, so that no row is without the memory of whom it is for, nor the other way round.
    await ovs.commit((edit) => {
      this.#fabric.editMemory(edit, attachment.bridge);
      if (port !== undefined) edit.removePort(port.link);
    });
    this.#fabric.parts.checkpoint('attachment-forgotten');
    if (port !== undefined) await this.#fabric.removePort(port);
  }
}

type RunningContainer = ContainerDetail & { readonly pid: number };

/** The seat of an attachment: a container may have several on one bridge. */
function seatName({ container, ifname }: Attachment): string {
  return `${container.name}/${ifname}`;
}

function portOf(attachment: Attachment, link: string): Port {
  return {
    kind: 'attachment',
    id: attachment.id,
    link,
    bridge: attachment.bridge,
    ofport: attachment.ofport,
    mac: attachment.mac,
    addresses: attachment.addresses,
    options: attachment.vlan === undefined ? {} : { 'ovs.port.vlan': String(attachment.vlan) },
    container: attachment.container,
    portMap: [],
  };
}

/** Sets the interface up inside. Docker turns IPv6 off in containers that have no network with IPv6 of its own. */
async function configure(attachment: Attachment, pid: number): Promise<void> {
  const { ifname, addresses, gateway } = attachment;
  if (addresses.some((address) => parseCidr(address).family === 6)) {
    await inNetns({ pid }, ['tee', `/proc/sys/net/ipv6/conf/${ifname}/disable_ipv6`], { input: '0' });
  }
  const family = gateway === undefined ? {} : gateway.includes(':') ? { gateway6: gateway } : { gateway };
  await configureInNetns({ netnsPath: `/proc/${pid}/ns/net`, ifname, addresses, up: true, ...family });
}

function sameAddresses(attachment: Attachment, request: AttachRequest): boolean {
  const wanted = request.addresses.map((text) => formatCidr(parseCidr(text)));
  return [...wanted].sort().join() === [...attachment.addresses].sort().join();
}

function check(request: AttachRequest): void {
  const { bridge, addresses, gateway, ifname, controllers = [] } = request;
  if (!isInterfaceName(bridge)) throw new LinecardError('LC_INVALID', `"${bridge}" is not a bridge name`);
  if (ifname !== undefined && !isInterfaceName(ifname)) {
    throw new LinecardError('LC_INVALID', `"${ifname}" is not an interface name of at most 15 characters`);
  }
  const noController = controllers.find((one) => parseController(one) === undefined || one.startsWith('embedded'));
  if (noController !== undefined) {
    throw new LinecardError('LC_INVALID', `"${noController}" is no controller of a bridge`, {
      hint: 'tcp:IP:PORT, ssl:IP:PORT, unix:PATH, ptcp:[PORT][:IP]...; apps in the daemon rule Docker networks and labs',
    });
  }
  const cidrs = addresses.map(parseCidr);
  if (gateway !== undefined && !cidrs.some((cidr) => contains(cidr, gateway))) {
    throw new LinecardError('LC_INVALID', `gateway ${gateway} is in none of the networks of ${addresses.join(', ')}`);
  }
}

/** An attachment is changed by detaching and attaching again; asking for another one under its name is a mistake. */
function refuseDifference(request: AttachRequest, present: Attachment): void {
  const differs =
    !sameAddresses(present, request) ||
    (request.ofport !== undefined && request.ofport !== present.ofport) ||
    (request.mac !== undefined && request.mac.toLowerCase() !== present.mac) ||
    (request.vlan !== undefined && request.vlan !== present.vlan) ||
    (request.mtu !== undefined && request.mtu !== present.mtu) ||
    (request.gateway !== undefined && request.gateway !== present.gateway);
  if (!differs) return;
  throw new LinecardError(
    'LC_CONFLICT',
    `container ${present.container.name} is attached to ${present.bridge} as ${present.ifname} with other settings`,
    { hint: `linecard detach ${present.bridge} ${present.container.name}` },
  );
}
