import type { SwitchView } from '@linecard/switch';
import { overlayLinks } from './names.js';
import { networkPrefix, type OverlayNetwork, type OverlayPort, readNetworkId, readOverlayPort } from './records.js';

/** What this host wants of its networks over many hosts: read from its own OVSDB, changed by requests. */
export class OverlayState {
  readonly networks = new Map<string, OverlayNetwork>();
  readonly ports = new Map<string, OverlayPort>();

  /** Adds or replaces an endpoint. */
  setPort(port: OverlayPort): void {
    this.ports.set(port.id, port);
  }

  /** Changes what is known of an endpoint by now, which may be more than before a wait; false when it is gone. */
  changePort(id: string, change: (now: OverlayPort) => OverlayPort): boolean {
    const port = this.ports.get(id);
    if (port !== undefined) this.setPort(change(port));
    return port !== undefined;
  }

  /** The networks at each router. */
  byRouter(): Map<string, OverlayNetwork[]> {
    const routers = new Map<string, OverlayNetwork[]>();
    for (const network of this.networks.values()) {
      const { router } = network.plan;
      if (router !== undefined) routers.set(router, [...(routers.get(router) ?? []), network]);
    }
    return routers;
  }

  /** Reads what the host's own OVSDB remembers. A record that cannot be read is reported and left alone. */
  load(view: SwitchView, bridge: string, report: (error: unknown) => void): void {
    const attempt = (read: () => void) => {
      try {
        read();
      } catch (error) {
        report(error);
      }
    };
    for (const [key, text] of view.bridge(bridge)?.external_ids ?? []) {
      if (!key.startsWith(networkPrefix)) continue;
      attempt(() => {
        const network = readNetworkId(key, text);
        this.networks.set(network.plan.id, network);
      });
    }
    for (const { name, external_ids } of view.interfacesOf(bridge)) {
      attempt(() => {
        const port = overlayLinks.isHost(name) ? readOverlayPort(external_ids, name) : undefined;
        if (port !== undefined) this.setPort(port);
      });
    }
  }
}
