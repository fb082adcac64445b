import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { App, AppSurroundings, Controller, SwitchSession } from '@linecard/controller';
import type { EmbeddedApps } from '@linecard/driver';
import { appSocket, splitApp } from '@linecard/switch';
import { explain, LinecardError } from '@linecard/wire';
import type { Logger } from 'pino';
import { errorFields } from './log.js';

/** Where apps come from and where they serve. */
export interface EmbeddedOptions {
  /** Open vSwitch's run directory. */
  readonly runDirectory: string;
  /** Where apps of the user's own are: nothing outside of it is ever loaded. */
  readonly appsDirectory: string;
  readonly surroundings: Omit<AppSurroundings, 'log'>;
  readonly logger: Logger;
}

/** What an embedded app has to do with one switch. */
export interface AppSession {
  /** Its name, and its options where it has some: `knock?name=open.example.com`. */
  readonly app: string;
  readonly sw: SwitchSession;
  /** The OpenFlow version that they speak, such as `1.3`. */
  readonly version: string;
  /** How often one of its handlers threw or rejected. */
  readonly errors: number;
}

type Library = typeof import('@linecard/controller');

interface Serving {
  readonly library: Library;
  readonly controller: Controller;
  errors: number;
}

/** The least time between two reports of errors of one app, in ms: it may throw for every packet. */
const reportPauseMs = 1000;
const endings = ['.ts', '.mjs', '.js'];

/**
 * The OpenFlow controller of the daemon. Each app with its options has a controller and a socket of its own, so that
 * nothing which one does concerns another. When it ends, flows stay: the switch goes on with what it knows.
 */
export class EmbeddedController implements EmbeddedApps {
  readonly #options: EmbeddedOptions;
  readonly #apps = new Map<string, Promise<Serving>>();
  readonly #running = new Map<string, Serving>();

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  /** The switches that are connected, with their apps. */
  get sessions(): AppSession[] {
    return [...this.#running].flatMap(([app, { library, controller, errors }]) =>
      [...controller.switches.values()].map((sw) => ({ app, sw, version: library.versionName(sw.version), errors })),
    );
  }

  async serve(app: string): Promise<void> {
    const starting = this.#apps.get(app) ?? this.#start(app);
    this.#apps.set(app, starting);
    try {
      const serving = await starting;
      if (this.#apps.get(app) === starting) this.#running.set(app, serving);
    } catch (error) {
      if (this.#apps.get(app) === starting) this.#apps.delete(app); // whoever asks again, tries again
      throw error;
    }
  }

  async keepOnly(apps: ReadonlySet<string>): Promise<void> {
    const ended = [...this.#apps.keys()].filter((app) => !apps.has(app));
    await Promise.all(ended.map((app) => this.#end(app)));
  }

  async #end(app: string): Promise<void> {
    const serving = this.#apps.get(app);
    this.#apps.delete(app);
    this.#running.delete(app);
    await serving?.then(({ controller }) => controller.close()).catch(() => undefined);
  }

  async #start(app: string): Promise<Serving> {
    // Loaded by who needs it: OpenFlow's tables take 6 MB, and most hosts have no app in the daemon.
    const library = await import('@linecard/controller');
    const loaded = await this.#load(app, library);
    const serving: Serving = { library, controller: new library.Controller(), errors: 0 };
    const { controller } = serving;
    this.#report(app, serving);
    controller.use(loaded);
    await controller.listen({ kind: 'unix', path: join(this.#options.runDirectory, appSocket(app)) });
    this.#options.logger.info({ app }, 'an app awaits switches');
    return serving;
  }

  async #load(app: string, { appKit, loadApp, shippedApp, shippedApps }: Library): Promise<App> {
    const { appsDirectory, surroundings, logger } = this.#options;
    const { name, options } = splitApp(app);
    const log = (message: string) => logger.info({ app }, message);
    if (shippedApps.includes(name)) return shippedApp(name, options, { ...surroundings, log });
    for (const path of endings.map((ending) => join(appsDirectory, name + ending))) {
      if (await exists(path)) return loadApp(path, { kit: appKit(options, log) });
    }
    throw new LinecardError('LC_NOT_FOUND', `there is no app "${name}"`, {
      hint: `there are ${shippedApps.join(', ')}, and yours: ${join(appsDirectory, name)}{${endings.join(',')}}`,
    });
  }

  #report(app: string, serving: Serving): void {
    const { logger } = this.#options;
    let silentUntil = 0;
    serving.controller
      .on('up', (sw) => logger.info({ app, dpid: sw.name }, 'a switch came'))
      .on('down', (sw, reason) => logger.info({ app, dpid: sw.name }, `a switch went: ${explain(reason ?? 'closed')}`))
      .on('rejected', (_, reason) => {
        // Who only asks whether somebody listens goes without a word.
        const level = reason.code === 'LC_CLOSED' ? 'debug' : 'warn';
        logger[level]({ app }, `not a switch: ${explain(reason)}`);
      })
      .on('refused', (sw, error) =>
        logger.warn(
          { app, dpid: sw.name, type: error.error_type, code: error.error_code },
          'a switch refused a message',
        ),
      )
      .on('appError', (_, handler, error, sw) => {
        serving.errors += 1;
        if (performance.now() < silentUntil) return;
        silentUntil = performance.now() + reportPauseMs;
        logger.error({ app, handler, dpid: sw.name, ...errorFields(error) }, 'an app failed');
      });
  }

  /** Ends all apps. */
  close(): Promise<void> {
    return this.keepOnly(new Set());
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
