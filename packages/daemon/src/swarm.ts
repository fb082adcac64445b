import { join } from 'node:path';
import { DockerEngine, DockerWatch, listenPlugin } from '@linecard/docker';
import { createOverlay, overlayDriverName } from '@linecard/driver';
import { LinkReaper, Netlink } from '@linecard/linux';
import { OpenvSwitch } from '@linecard/switch';
import { LinecardError } from '@linecard/wire';
import type { Logger } from 'pino';
import type { DaemonConfig } from './config.js';
import { errorFields } from './log.js';
import { claimOverlay } from './overlay-claim.js';
import { logCall, overlayHandler } from './plugins.js';
import type { Daemon } from './start.js';

/**
 * Starts the daemon of a managed plugin: it serves the networks of a swarm and nothing else. Rejects with `LC_CONFLICT`
 * when another daemon of this host serves networks over many hosts.
 */
export async function startSwarm(config: DaemonConfig, logger: Logger): Promise<Daemon> {
  const claim = await claimOverlay();
  if (claim === undefined) {
    throw new LinecardError('LC_CONFLICT', 'another daemon of this host serves networks over many hosts', {
      hint: 'start the one outside the plugin as `linecard up --serve ovs`',
    });
  }
  const ovs = new OpenvSwitch({ endpoint: config.ovsdb });
  const net = Netlink.open();
  const reaper = new LinkReaper();
  const engine = new DockerEngine({ socketPath: config.dockerSocket });
  const watch = new DockerWatch(engine);
  const overlay = createOverlay(
    { ovs, net, reaper, engine, watch },
    {
      swarmName: config.pluginName,
      graceMs: config.graceMs,
      hostGraceMs: config.hostGraceMs,
      checkpoint: config.checkpoint,
      onError: (what, error) => logger.error(errorFields(error), `could not ${what}`),
      onWarning: (text) => logger.warn(text),
    },
  );
  const path = join(config.pluginDirectory, `${overlayDriverName}.sock`);
  const listener = await listenPlugin(
    overlayHandler(overlay, (call) => logCall(logger, call)),
    { path },
  );
  overlay.start();
  ovs.start();
  watch.start();
  logger.info({ pid: process.pid }, 'linecard is up for the swarm');
  return {
    close: async () => {
      await listener.close();
      await overlay.close();
      watch.close();
      await ovs.close();
      await reaper.close();
      net.close();
      engine.close();
      claim.close();
    },
  };
}
