import { digest, LinkNames } from '../names.js';

/** Not the names of {@link localLinks}: each reconciler removes what it does not know. */
export const overlayLinks = new LinkNames('lco', 'lcq');

/** The interface that leads from a router into the host's stack. */
export function gatewayInterface(router: string): string {
  return `lcg${digest('router', router).slice(0, 12)}`;
}
