import { catchStrayErrors } from '@linecard/controller';
import type { Logger } from 'pino';
import type { DaemonConfig } from './config.js';
import { errorFields } from './log.js';
import { startDaemon } from './start.js';
import { startSwarm } from './swarm.js';

/**
 * Runs the daemon until SIGTERM or SIGINT, and resolves when all is closed. A fault of its own ends the process with
 * status 1 at once: the supervisor starts it anew, and everything that it needs to know is in OVSDB.
 */
export async function runDaemon(config: DaemonConfig, logger: Logger): Promise<void> {
  const die = (error: unknown) => {
    logger.fatal(errorFields(error), 'a fault of Linecard itself');
    logger.flush(() => process.exit(1));
  };
  catchStrayErrors((app, error) => logger.error({ app, ...errorFields(error) }, 'an app failed on its own'), die);
  const stop = stopSignal();
  const daemon = await (config.serve === 'swarm' ? startSwarm : startDaemon)(config, logger);
  logger.info({ signal: await stop }, 'stopping');
  await daemon.close();
  logger.info('stopped');
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
