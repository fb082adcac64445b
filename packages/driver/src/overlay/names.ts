import { digest } from '../names.js';

// Not the local driver's names, whose reconciler removes what it does not know. No third letter is a hex digit.
/** The beginning of the names of the host's ends. */
export const overlayHostPrefix = 'lco';
const peerPrefix = 'lcq';

/** The host's end of an endpoint's veth pair. */
export function overlayInterface(endpointId: string): string {
  return `${overlayHostPrefix}${endpointId.slice(0, 12)}`;
}

/** The end that Docker moves into the container. */
export function overlayPeer(endpointId: string): string {
  return `${peerPrefix}${endpointId.slice(0, 12)}`;
}

/** The name of the host's end for a name at either end; undefined when it is neither. */
export function overlayHostOf(name: string): string | undefined {
  return /^lc[oq][0-9a-f]{12}$/.test(name) ? name.replace(/^lcq/, overlayHostPrefix) : undefined;
}

/** The interface that leads from a router into the host's stack. */
export function gatewayInterface(router: string): string {
  return `lcg${digest('router', router).slice(0, 12)}`;
}
