import type { PluginListener } from '@linecard/docker';
import { createHost, type Host } from '@linecard/driver';
import { explain } from '@linecard/wire';
import type { Logger } from 'pino';
import type { DaemonConfig } from './config.js';
import { errorFields } from './log.js';
import { listenPlugins, logCall } from './plugins.js';

/** A daemon that runs. */
export interface Daemon {
  /** Answers what was begun, then lets go of everything. */
  close(): Promise<void>;
}

/**
 * Starts the daemon. It needs neither Docker nor Open vSwitch nor a network to start and to answer; it waits for them.
 * Rejects with `LC_CONFLICT` when another daemon runs.
 */
export async function startDaemon(config: DaemonConfig, logger: Logger): Promise<Daemon> {
  const host = createHost({
    ovsdb: config.ovsdb,
    dockerSocket: config.dockerSocket,
    graceMs: config.graceMs,
    checkpoint: config.checkpoint,
    onError: (what, error) => logger.error(errorFields(error), `could not ${what}: ${explain(error)}`),
    onReconciled: ({ ms, repairs }) => {
      const fields = { ms: Math.round(ms * 10) / 10, repairs };
      if (repairs > 0) logger.warn(fields, 'put right what was not as wanted');
      else logger.debug(fields, 'everything is as wanted');
    },
    onDocker: (up) => (up ? logger.info('Docker answers') : logger.warn('Docker is away')),
  });
  logSwitch(host, logger);
  let plugins: PluginListener[] = [];
  const close = async () => {
    await Promise.all(plugins.map((listener) => listener.close()));
    await host.close();
  };
  try {
    plugins = await listenPlugins(host, config.pluginDirectory, (call) => logCall(logger, call));
  } catch (error) {
    await close();
    throw error;
  }
  host.start();
  logger.info({ pid: process.pid }, 'linecard is up');
  return { close };
}

function logSwitch({ ovs }: Host, logger: Logger): void {
  ovs.view.replica
    .on('synced', () => logger.info({ version: ovs.view.root()?.ovs_version }, 'Open vSwitch answers'))
    .on('lost', () => logger.warn(errorFields(ovs.session.lastError), 'Open vSwitch is away'));
}
