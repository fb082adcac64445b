import { AsyncLocalStorage } from 'node:async_hooks';
import type { App, AppHandlers } from './app.js';

/** Whose work is under way, through promises and timers too. It costs, so only apps from files are followed. */
const atWork = new AsyncLocalStorage<string>();

/** Does `work` as that of an app. */
export function asWorkOf<T>(app: string, work: () => T): T {
  return atWork.run(app, work);
}

/** The same app, whose handlers do their work as its own. */
export function followed(app: App): App {
  const { name, versions, cookie, table, on } = app;
  const follow = ([event, handler]: [string, unknown]) => {
    const handle = handler as ((...args: unknown[]) => unknown) | undefined;
    return [event, handle && ((...args: unknown[]) => asWorkOf(name, () => handle.apply(on, args)))];
  };
  return {
    name,
    ...(versions === undefined ? {} : { versions }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(table === undefined ? {} : { table }),
    on: Object.fromEntries(Object.entries(on).map(follow)) as AppHandlers,
    close: () => asWorkOf(name, () => app.close?.()),
  };
}

/** The least time between two reports, in ms: an app may fail for every packet. */
const reportPauseMs = 1000;

/**
 * Takes what nobody catches in this process. A promise of an app that nobody awaits, or a timer of it that throws, is
 * told to `report`, at most once a second, and all goes on; anything else is a fault of this program.
 */
export function catchStrayErrors(report: (app: string, error: unknown) => void, fault: (error: unknown) => void): void {
  let silentUntil = 0;
  const stray = (error: unknown) => {
    const app = atWork.getStore();
    if (app === undefined) return fault(error);
    if (performance.now() < silentUntil) return;
    silentUntil = performance.now() + reportPauseMs;
    report(app, error);
  };
  process.on('uncaughtException', stray).on('unhandledRejection', stray);
}
