import { request } from 'node:http';
import type { Bed, BedProcess, Snapshot } from '@linecard/testkit';
import { expect } from 'vitest';
import { audit } from './audit.js';
import { eventually } from './eventually.js';

/** How long, in ms, the daemon under test keeps what Docker does not know. */
export const graceMs = 300;

/** Starts the daemon under test with a short grace period. */
export function startDaemon(bed: Bed, env: Readonly<Record<string, string>> = {}): Promise<BedProcess> {
  return bed.daemon({ env: { LINECARD_GRACE_MS: String(graceMs), ...env } });
}

/** Waits until the world is what Docker says. */
export function whenSound(bed: Bed, after: string, timeoutMs = 10_000): Promise<void> {
  const what = `all to be sound after ${after}`;
  return eventually(async () => expect(await audit(bed)).toEqual([]), { what, timeoutMs });
}

/** What the driver answered to one plugin request. */
export interface PluginAnswer {
  readonly status: number;
  readonly body: { readonly Err?: string; readonly [key: string]: unknown };
}

/** Sends one request to the driver's plugin socket, as dockerd does. */
export function callPlugin(bed: Bed, method: string, body: unknown): Promise<PluginAnswer> {
  const socketPath = bed.path('/run/docker/plugins/ovs.sock');
  const path = `/NetworkDriver.${method}`;
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

/** What there is in the bed, but for processes: to see that nothing is left of what came after. */
export async function belongings(bed: Bed): Promise<Omit<Snapshot, 'processes'>> {
  const { processes: _, ...rest } = await bed.snapshot();
  return rest;
}
