import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import {
  listenPlugin,
  type PluginAddress,
  type PluginCall,
  type PluginListener,
  pluginHandler,
  systemdSockets,
} from '@linecard/docker';
import { driverNames, type Host, type Overlay, overlayDriverName } from '@linecard/driver';
import type { Logger } from 'pino';
import { errorFields } from './log.js';

/** How long a call of Docker may take, in ms: less than the 30 s after which Docker's own clients give up. */
const deadlineMs = 25_000;

/** Listens for dockerd: on the sockets that systemd passed when there are any, else on sockets of its own. */
export async function listenPlugins(
  host: Host,
  overlay: Overlay | undefined,
  directory: string,
  observe: (call: PluginCall) => void,
): Promise<PluginListener[]> {
  const handler = pluginHandler({ networkDriver: host.driver, deadlineMs, observe });
  const passed = systemdSockets();
  const addresses: PluginAddress[] =
    passed.length > 0 ? passed : driverNames.map((name) => ({ path: join(directory, `${name}.sock`) }));
  const listeners: PluginListener[] = [];
  try {
    for (const address of addresses) listeners.push(await listenPlugin(handler, address));
    if (overlay !== undefined) {
      const address = { path: join(directory, `${overlayDriverName}.sock`) };
      listeners.push(await listenPlugin(overlayHandler(overlay, observe), address));
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
  return listeners;
}

/** Answers dockerd for the networks over many hosts. */
export function overlayHandler(overlay: Overlay, observe: (call: PluginCall) => void): RequestListener {
  const { driver, ipam, swarm } = overlay;
  const drivers = { networkDriver: driver, ipamDriver: ipam, ...(swarm === undefined ? {} : { swarm }) };
  return pluginHandler({ ...drivers, deadlineMs, observe });
}

/** One line for each call. */
export function logCall(logger: Logger, call: PluginCall): void {
  const { method, networkId, endpointId, outcome, ms, error } = call;
  const fields = {
    method,
    ...(networkId === undefined ? {} : { network: networkId.slice(0, 12) }),
    ...(endpointId === undefined ? {} : { endpoint: endpointId.slice(0, 12) }),
    ms: Math.round(ms * 10) / 10,
    outcome,
  };
  if (outcome === 'ok') logger.info(fields, 'plugin call');
  else if (outcome === 'gone') logger.warn({ ...fields, ...errorFields(error) }, 'plugin call');
  else logger.error({ ...fields, ...errorFields(error) }, 'plugin call');
}
