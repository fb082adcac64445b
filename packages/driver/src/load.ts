import { controllerOf, type SwitchView } from '@linecard/switch';
import { localLinks } from './names.js';
import { planNetwork } from './network-plan.js';
import { readAttachments, readNetworkIds, readPortIds, readSeats } from './records.js';
import { Seats } from './seats.js';
import type { State } from './state.js';

/**
 * Reads the state from OVSDB, which is all the memory there is. A row that cannot be read is reported and left alone,
 * so that one damaged row takes nobody else's network down.
 */
export function loadState(view: SwitchView, state: State, now: number, report: (error: unknown) => void): void {
  for (const bridge of view.bridges()) {
    attempt(report, () => {
      const network = readNetworkIds(bridge.external_ids);
      if (network !== undefined) {
        const { request, name } = network;
        state.networks.set(request.id, {
          plan: planNetwork(request),
          since: now,
          ...(name === undefined ? {} : { name }),
        });
      }
      if (bridge.external_ids.get('linecard') === 'attach') {
        const controllers = view.controllersOf(bridge).map(controllerOf);
        state.plainBridges.set(bridge.name, { controllers });
      }
      state.setSeats(bridge.name, new Seats(readSeats(bridge.external_ids)));
      for (const attachment of readAttachments(bridge.external_ids)) state.attachments.set(attachment.id, attachment);
    });
    for (const iface of view.interfacesOf(bridge.name)) {
      attempt(report, () => {
        if (!localLinks.isHost(iface.name)) return;
        const ofport = iface.ofport_request ?? iface.ofport ?? 0;
        const port = readPortIds(iface.external_ids, { link: iface.name, bridge: bridge.name, ofport });
        if (port !== undefined) state.setPort(port);
      });
    }
  }
}

function attempt(report: (error: unknown) => void, read: () => void): void {
  try {
    read();
  } catch (error) {
    report(error);
  }
}
