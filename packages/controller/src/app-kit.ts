import * as openflow from '@linecard/openflow';
import * as packet from '@linecard/packet';
import type { AppKit } from './app.js';

/** What an app in a file is handed. */
export function appKit(options: Readonly<Record<string, string>>, log: (message: string) => void): AppKit {
  return { options, openflow, packet, log };
}
