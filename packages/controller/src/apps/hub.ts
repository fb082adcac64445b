import { ports } from '@linecard/openflow';
import type { App } from '../app.js';

const cookie = 0x6c63_0000_0000_0010n;

/** What a {@link hub} may be told. */
export interface HubOptions {
  /** Its table; 0 when absent. */
  readonly table?: number;
}

/** Sends every packet out of all other ports. */
export function hub(options: HubOptions = {}): App {
  const table = options.table ?? 0;
  return {
    name: 'hub',
    on: {
      async switchUp(sw) {
        await sw.flows.apply([{ table, priority: 0, actions: [{ type: 'output', port: ports.flood }] }], {
          cookie,
          table,
        });
      },
    },
  };
}
