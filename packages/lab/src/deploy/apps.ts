import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { appErrorKey, appOf, appSocket, embeddedApps } from '@linecard/switch';
import { LinecardError } from '@linecard/wire';
import type { Lab } from '../model/types.js';
import type { World } from './world.js';

/** How long the daemon may take to hear of an app and to load it, in ms. */
const patienceMs = 10_000;

/**
 * Waits until the daemon serves the apps that rule the bridges of a lab. Throws `LC_TIMEOUT` when nobody does and
 * `LC_INVALID` when the daemon says that it cannot; both name the bridges and the app.
 */
export async function awaitApps(world: World, lab: Lab): Promise<void> {
  const bridges = new Map<string, string[]>();
  for (const { name, kind, ovs } of lab.nodes) {
    if (kind !== 'ovs-bridge') continue;
    for (const app of embeddedApps(ovs.controllers)) bridges.set(app, [...(bridges.get(app) ?? []), name]);
  }
  await Promise.all([...bridges].map(([app, names]) => awaitApp(world, app, names)));
}

async function awaitApp(world: World, app: string, bridges: readonly string[]): Promise<void> {
  const { view } = await world.openvswitch();
  const path = join(world.runDirectory, appSocket(app));
  const whose = bridges.length === 1 ? `bridge ${bridges[0]}` : `bridges ${bridges.join(', ')}`;
  const deadline = performance.now() + patienceMs;
  while (!(await answers(path))) {
    const row = [...view.controllers()].find((one) => appOf(one) === app);
    const reason = row?.external_ids.get(appErrorKey);
    if (reason !== undefined) {
      throw new LinecardError('LC_INVALID', `${whose}: the daemon cannot serve the app ${app}: ${reason}`);
    }
    if (performance.now() > deadline) {
      throw new LinecardError('LC_TIMEOUT', `${whose}: nobody serves the app ${app} within ${patienceMs / 1000} s`, {
        hint: '`linecard up` runs the daemon that does; `linecard controller ls` shows who rules which bridge',
      });
    }
    await delay(20);
  }
}

/** Whether somebody listens at a socket: the file of one that was killed is still there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
