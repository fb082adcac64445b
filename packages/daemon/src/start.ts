import { listenPlugin, type PluginListener } from '@linecard/docker';
import {
  centralOf,
  containerOfport,
  createHost,
  createOverlay,
  type Host,
  type Overlay,
  onBridgePortsChanged,
} from '@linecard/driver';
import { runDirectoryOf } from '@linecard/switch';
import { explain } from '@linecard/wire';
import type { Logger } from 'pino';
import type { DaemonConfig } from './config.js';
import { controlServer } from './control.js';
import { EmbeddedController } from './embedded-apps.js';
import { HostApi } from './host-api.js';
import { errorFields } from './log.js';
import { Metrics } from './metrics.js';
import { claimOverlay } from './overlay-claim.js';
import { listenPlugins, logCall } from './plugins.js';
import { publicServer } from './public.js';

/** A daemon that runs. */
export interface Daemon {
  /** Answers what was begun, then lets go of everything. */
  close(): Promise<void>;
}

type Close = () => Promise<unknown>;

/**
 * Starts the daemon. It needs neither Docker nor Open vSwitch nor a network to start and to answer; it waits for them.
 * Rejects with `LC_CONFLICT` when another daemon runs.
 */
export async function startDaemon(config: DaemonConfig, logger: Logger): Promise<Daemon> {
  const metrics = new Metrics();
  const apps = new EmbeddedController({
    runDirectory: runDirectoryOf(config.ovsdb),
    appsDirectory: config.appsDirectory,
    logger,
    surroundings: {
      portOf: (guest, sw) => containerOfport(host.ovs.view, sw.name, guest),
      onPortsChanged: (changed) => onBridgePortsChanged(host.ovs.view, changed),
    },
  });
  const host: Host = createHost({
    apps,
    ovsdb: config.ovsdb,
    dockerSocket: config.dockerSocket,
    graceMs: config.graceMs,
    checkpoint: config.checkpoint,
    onError: (what, error) => {
      metrics.failed();
      logger.error(errorFields(error), `could not ${what}`);
    },
    onReconciled: (result) => {
      metrics.reconciled(result);
      const fields = { ...result, ms: Math.round(result.ms * 10) / 10 };
      if (result.repairs > 0) logger.warn(fields, 'put right what was not as wanted');
      else logger.debug(fields, 'everything is as wanted');
    },
    onDocker: (up) => (up ? logger.info('Docker answers') : logger.warn('Docker is away')),
  });
  const claim = config.serve === 'ovs' ? undefined : await claimOverlay();
  if (config.serve === 'all' && claim === undefined) {
    logger.warn('another daemon of this host serves networks over many hosts, such as the managed plugin');
  }
  const overlayOptions = {
    graceMs: config.graceMs,
    hostGraceMs: config.hostGraceMs,
    checkpoint: config.checkpoint,
    onError: (what: string, error: unknown) => {
      metrics.failed();
      logger.error(errorFields(error), `could not ${what}`);
    },
    onWarning: (text: string) => logger.warn(text),
  };
  const overlay = claim === undefined ? undefined : createOverlay(host, overlayOptions);
  const closing: Close[] = [
    async () => claim?.close(),
    () => apps.close(),
    () => host.close(),
    async () => overlay?.close(),
  ];
  const close = async () => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    await serve({ host, overlay, apps }, config, { logger, metrics, closing });
  } catch (error) {
    await close();
    throw error;
  }
  overlay?.start();
  host.start();
  logger.info({ pid: process.pid }, 'linecard is up');
  return { close };
}

/** What is served. */
interface Works {
  readonly host: Host;
  /** Undefined when another daemon serves the networks over many hosts. */
  readonly overlay: Overlay | undefined;
  readonly apps: EmbeddedController;
}

interface Serving {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What is to be closed, the last one first. */
  readonly closing: Close[];
}

/** Opens every door. The control socket comes first, because it tells whether another daemon runs. */
async function serve(
  { host, overlay, apps }: Works,
  config: DaemonConfig,
  { logger, metrics, closing }: Serving,
): Promise<void> {
  let listen: string | undefined;
  const central = overlay?.central ?? centralOf(host.ovs);
  if (overlay === undefined) closing.push(() => central.close());
  const api = new HostApi(host, {
    pluginDirectory: config.pluginDirectory,
    listen: () => listen,
    sessions: () => apps.sessions,
    central,
  });
  closing.push(await listenControl(api, config.controlSocket));
  const plugins: PluginListener[] = await listenPlugins(host, overlay, config.pluginDirectory, (call) => {
    metrics.called(call);
    logCall(logger, call);
  });
  closing.push(() => Promise.all(plugins.map((listener) => listener.close())));
  followSwitch(host, logger);
  const engineId = followEngineId(host);
  if (config.listen === undefined) return;
  const server = publicServer(host, overlay, metrics, engineId);
  closing.push(() => server.close());
  try {
    listen = await server.listen(config.listen);
  } catch (error) {
    // Containers need no metrics: a port that is taken must not take their network away.
    logger.error(errorFields(error), `cannot listen on ${config.listen.host}:${config.listen.port}`);
  }
}

async function listenControl(api: HostApi, path: string): Promise<Close> {
  const ending = new AbortController();
  const server = controlServer(api, ending.signal);
  await server.ready();
  const listener = await listenPlugin((request, response) => server.routing(request, response), { path });
  return async () => {
    ending.abort();
    await listener.close();
    await server.close();
  };
}

function followSwitch({ ovs }: Host, logger: Logger): void {
  ovs.view.replica
    .on('synced', () => logger.info({ version: ovs.view.root()?.ovs_version }, 'Open vSwitch answers'))
    .on('lost', () => logger.warn(`Open vSwitch is away: ${explain(ovs.session.lastError)}`));
}

/** Docker's engine ID, once Docker has told it. */
function followEngineId({ watch, engine }: Host): () => string {
  let id = '';
  watch.on('up', () => {
    engine.info().then(
      (info) => {
        id = info.id ?? '';
      },
      () => undefined, // asked again when Docker comes back
    );
  });
  return () => id;
}
