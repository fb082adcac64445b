import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  appKit,
  Controller,
  type ControllerOptions,
  catchStrayErrors,
  formatEndpoint,
  parseEndpoint,
  runAppFile,
  shippedApp,
  versionName,
} from '@linecard/controller';
import { errorName } from '@linecard/openflow';
import { explain, LinecardError } from '@linecard/wire';
import { type ReadableLog, readableLog } from './log.js';
import { openSwitch, surroundingsOf } from './switch-memory.js';

/** The command line of `linecard controller run`. */
export interface RunOptions {
  readonly listen?: readonly string[];
  readonly connect?: readonly string[];
  readonly option?: Readonly<Record<string, string>>;
  readonly watch?: true;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly tlsCa?: string;
}

const defaultListen = 'tcp:127.0.0.1:6653';

function controllerOptions({ tlsKey, tlsCert, tlsCa, listen = [], connect = [] }: RunOptions): ControllerOptions {
  if (tlsKey === undefined && tlsCert === undefined && tlsCa === undefined) return {};
  if (tlsKey === undefined || tlsCert === undefined) {
    throw new LinecardError('LC_INVALID', '--tls-key and --tls-cert go together, and --tls-ca needs both');
  }
  if (![...listen, ...connect].some((text) => parseEndpoint(text).kind === 'tls')) {
    throw new LinecardError('LC_INVALID', '--tls-key is given, but no endpoint is tls:', {
      hint: '--listen tls:0.0.0.0:6653 or --connect tls:HOST:PORT',
    });
  }
  const ca = tlsCa === undefined ? {} : { ca: readPem('--tls-ca', tlsCa) };
  return { tls: { key: readPem('--tls-key', tlsKey), cert: readPem('--tls-cert', tlsCert), ...ca } };
}

function readPem(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LinecardError('LC_NOT_FOUND', `option ${option}: cannot read ${path}: ${explain(cause)}`, { cause });
  }
}

/** Writes what happens into a log. */
export function follow(controller: Controller, log: ReadableLog): void {
  controller
    .on('up', (sw) => {
      const ports = [...sw.ports.values()].map(({ number, name }) => (number < 0xff00 ? `${name}=${number}` : name));
      log.info(`switch ${sw.name} is up: OpenFlow ${versionName(sw.version)}, ports ${ports.join(' ')}`);
    })
    .on('down', (sw, reason) => log.warn(`switch ${sw.name} is gone${reason ? `: ${reason.message}` : ''}`))
    .on('rejected', (peer, reason) => log.warn(`${peer} is no switch: ${reason.message}`))
    .on('refused', (sw, error) => {
      const name = errorName(error.version, error.error_type, error.error_code, error.data);
      log.warn(`switch ${sw.name} refused a message: ${name}`);
    })
    .on('appError', (app, handler, error, sw) => log.error(`app ${app.name}, ${handler} of switch ${sw.name}`, error));
}

/** `linecard controller run`: until SIGINT or SIGTERM. */
export async function runController(name: string, options: RunOptions): Promise<void> {
  const log = readableLog();
  const stop = ending();
  const controller = new Controller(controllerOptions(options));
  follow(controller, log);
  catchStrayErrors(
    (app, error) => log.error(`app ${app}, on its own`, error),
    (error) => {
      log.error('a fault of Linecard itself', error);
      process.exit(1);
    },
  );
  const ovs = await openSwitch();
  try {
    await useApp(controller, name, options, { ...surroundingsOf(ovs), log: (message: string) => log.info(message) });
    for (const target of options.connect ?? []) controller.connect(target);
    const defaults = options.connect === undefined ? [defaultListen] : [];
    for (const place of options.listen ?? defaults) {
      log.info(`${name} awaits switches at ${formatEndpoint(await controller.listen(place))}`);
    }
    await stop;
  } finally {
    await controller.close();
    await ovs?.close();
  }
}

/** Resolves when the process is asked to end. */
export async function ending(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

type Around = ReturnType<typeof surroundingsOf> & { readonly log: (message: string) => void };

async function useApp(controller: Controller, name: string, options: RunOptions, around: Around): Promise<void> {
  const { option = {}, watch } = options;
  const isFile = name.includes('/') || /\.m?[jt]s$/.test(name);
  if (!isFile) return controller.use(shippedApp(name, option, around));
  const { log } = around;
  const report = (error?: unknown) => {
    if (error === undefined) log(`${name} was loaded again`);
    else log(`${name} stays as it was: ${error instanceof Error ? error.message : String(error)}`);
  };
  await runAppFile(controller, name, { kit: appKit(option, log), ...(watch ? { onReload: report } : {}) });
}
