import type { ControlApi } from '@linecard/api';
import { explain } from '@linecard/wire';
import { NoDaemonError, RemoteApi } from './remote.js';
import { type CliSettings, readSettings } from './settings.js';

/** What a command does with a host where no daemon runs: only look, or change something. */
export type Purpose = 'look' | 'change';

/** How long Open vSwitch may take to answer where no daemon waits for it, in ms. */
const patienceMs = 5000;

/** Asks the daemon. Rejects when none runs. */
export function askDaemon<T>(ask: (api: ControlApi) => Promise<T>): Promise<T> {
  return ask(new RemoteApi(readSettings(process.env).socket));
}

/**
 * Asks the daemon, or does what the daemon would do where none runs.
 *
 * @param alone called before this process does the work itself
 */
export async function askHost<T>(
  purpose: Purpose,
  ask: (api: ControlApi) => Promise<T>,
  alone: () => void = () => undefined,
): Promise<T> {
  const settings = readSettings(process.env);
  try {
    return await ask(new RemoteApi(settings.socket));
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
  }
  alone();
  return withHost(settings, purpose, ask);
}

async function withHost<T>(settings: CliSettings, purpose: Purpose, ask: (api: ControlApi) => Promise<T>): Promise<T> {
  const [{ HostApi, readConfig }, { centralOf, createHost }] = await Promise.all([
    import('@linecard/daemon/host'),
    import('@linecard/driver'),
  ]);
  const config = readConfig({ ovsdb: settings.ovsdb, docker: settings.docker }, process.env);
  const host = createHost({
    ...config,
    onError: (what, error) => console.error(`linecard: could not ${what}: ${explain(error)}`),
    onReconciled: () => undefined,
    onDocker: () => undefined,
  });
  const central = centralOf(host.ovs);
  try {
    if (purpose === 'change') host.open();
    // What cannot be read now is told by whoever asks for it: the doctor goes on without.
    else await host.read(patienceMs).catch(() => undefined);
    return await ask(
      new HostApi(host, {
        pluginDirectory: config.pluginDirectory,
        listen: () => undefined,
        sessions: () => [],
        central,
      }),
    );
  } finally {
    await central.close();
    await host.close();
  }
}
