import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttachmentInfo,
  type AttachOrder,
  type AttachReply,
  type ContainerInterfaceInfo,
  type ControlApi,
  type ControllerInfo,
  type DetachOrder,
  type Finding,
  type NetworkInfo,
  type PortInfo,
  readVersion,
  type Status,
} from '@linecard/api';
import { type Attachment, type CentralLink, type Host, listOverlayNetworks, listOverlayPorts } from '@linecard/driver';
import { explain, LinecardError, parseMac } from '@linecard/wire';
import { diagnose } from './doctor/diagnose.js';
import type { AppSession } from './embedded-apps.js';
import { innerNames } from './inner-names.js';
import {
  overlayNetworkTable,
  overlayPortsOf,
  overlayPortTable,
  remoteInterfaces,
  withPlaces,
} from './overlay-tables.js';
import { bridgeOf, controllerTable, networkTable, portTable, present } from './tables.js';

/** How long an answer waits for Open vSwitch, in ms. */
const patienceMs = 5000;
/** The least time between two tables of ports that are told, in ms: a burst of changes shares one. */
const watchPauseMs = 100;

/** What a {@link HostApi} tells of the process that it is in. */
export interface HostContext {
  /** Where dockerd looks for plugins. */
  readonly pluginDirectory: string;
  /** Where the read-only listener is. */
  readonly listen: () => string | undefined;
  /** What the embedded apps rule; none where no daemon runs. */
  readonly sessions: () => readonly AppSession[];
  /** Where the networks over many hosts stand. */
  readonly central: CentralLink;
}

/** Answers for a host from the process that has it at hand. */
export class HostApi implements ControlApi {
  readonly #host: Host;
  readonly #context: HostContext;

  constructor(host: Host, context: HostContext) {
    this.#host = host;
    this.#context = context;
  }

  async status(): Promise<Status> {
    const { ovs, watch, state, engine } = this.#host;
    const listen = this.#context.listen();
    const shared = await this.#overlayNetworks();
    return {
      version: readVersion(),
      pid: process.pid,
      uptime: Math.round(process.uptime()),
      ovs: present<Status['ovs']>({
        endpoint: ovs.session.endpoint,
        connected: ovs.ready,
        version: ovs.view.root()?.ovs_version,
        error: ovs.ready ? undefined : ovs.session.lastError?.message,
      }),
      docker: { socket: engine.socketPath, connected: watch.connected },
      networks: state.networks.size + shared.length,
      ports: shared.reduce((sum, { ports }) => sum + ports, state.ports.size),
      ...(listen === undefined ? {} : { listen }),
    };
  }

  async networks(): Promise<NetworkInfo[]> {
    await this.#host.ovs.whenReady(patienceMs);
    const lines = [...networkTable(this.#host), ...overlayNetworkTable(this.#host, await this.#overlayNetworks())];
    return lines.sort((a, b) => (a.name ?? a.bridge).localeCompare(b.name ?? b.bridge));
  }

  async ports(network?: string): Promise<PortInfo[]> {
    await this.#host.ovs.whenReady(patienceMs);
    const overlay = await this.#overlayPorts();
    const shared = network === undefined ? overlay.ports : overlayPortsOf(overlay, network);
    if (network !== undefined && shared !== undefined) return overlayPortTable({ ports: shared });
    const bridge = network === undefined ? undefined : bridgeOf(this.#host, network);
    const own = portTable(this.#host, bridge, await innerNames(this.#host));
    return [...own, ...overlayPortTable({ ports: shared ?? [] })];
  }

  #overlayNetworks() {
    const { ovs, net } = this.#host;
    return listOverlayNetworks(ovs, net, this.#context.central);
  }

  #overlayPorts() {
    return listOverlayPorts(this.#host.ovs, this.#context.central);
  }

  async *watchPorts(network: string | undefined, signal: AbortSignal): AsyncGenerator<PortInfo[], void, undefined> {
    const changes = new Changes(this.#host, this.#context.central, signal);
    let last = '';
    try {
      while (!signal.aborted) {
        const table = await this.ports(network);
        const text = JSON.stringify(table);
        if (text !== last) yield table;
        last = text;
        await changes.next();
        await delay(watchPauseMs);
      }
    } finally {
      changes.close();
    }
  }

  async interfaces(container: string): Promise<ContainerInterfaceInfo[]> {
    try {
      const interfaces = await this.#host.finder.find(container);
      const shared = interfaces.some(({ bridge }) => bridge === this.#context.central.current?.settings.bridge);
      return shared ? withPlaces(interfaces, await this.#overlayPorts()) : interfaces;
    } catch (error) {
      if (!(error instanceof LinecardError && error.code === 'LC_NOT_FOUND')) throw error;
      const overlay = await this.#overlayPorts();
      const elsewhere = remoteInterfaces(overlay, container);
      if (elsewhere.length > 0) return elsewhere;
      if (overlay.error === undefined) throw error;
      const hint = `containers of other hosts are not known now: ${explain(overlay.error)}`;
      throw new LinecardError('LC_NOT_FOUND', error.message, { hint, cause: error });
    }
  }

  async controllers(): Promise<ControllerInfo[]> {
    await this.#host.ovs.whenReady(patienceMs);
    return controllerTable(this.#host, this.#context.sessions());
  }

  async attach(order: AttachOrder): Promise<AttachReply> {
    if (order.mac !== undefined) parseMac(order.mac);
    const { attachment, link, ofport, changed } = await this.#host.attacher.attach(order);
    return { ...attachmentInfo(attachment), hostInterface: link, ofport, changed };
  }

  async detach({ bridge, container, ifname }: DetachOrder): Promise<AttachmentInfo[]> {
    return (await this.#host.attacher.detach(bridge, container, ifname)).map(attachmentInfo);
  }

  doctor(): Promise<Finding[]> {
    return diagnose({ host: this.#host, pluginDirectory: this.#context.pluginDirectory });
  }
}

function attachmentInfo({ container, bridge, ifname, mac, addresses, ofport }: Attachment): AttachmentInfo {
  return {
    bridge,
    container: container.name,
    containerId: container.id,
    ifname,
    ofport,
    mac,
    addresses: [...addresses],
  };
}

/** Tells that something has changed since it was last asked: in the database, or with a link. */
class Changes {
  readonly #cleanups: (() => void)[];
  #dirty = false;
  #wake: (() => void) | undefined;

  constructor({ ovs, net }: Host, central: CentralLink, signal: AbortSignal) {
    const { replica } = ovs.view;
    const shared = central.current?.nb.replica;
    const note = () => {
      this.#dirty = true;
      this.#wake?.();
    };
    replica.on('change', note);
    shared?.on('change', note);
    signal.addEventListener('abort', note);
    this.#cleanups = [
      () => void replica.off('change', note),
      () => void shared?.off('change', note),
      () => signal.removeEventListener('abort', note),
      net.watch((event) => {
        if (event.kind === 'link') note();
      }),
    ];
  }

  /** Resolves at the next change, at once when there was one already. */
  async next(): Promise<void> {
    if (!this.#dirty) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#dirty = false;
  }

  close(): void {
    for (const cleanup of this.#cleanups) cleanup();
  }
}
