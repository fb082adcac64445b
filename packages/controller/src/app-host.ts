import { LinecardError } from '@linecard/wire';
import type { App, AppHandlers } from './app.js';
import type { FlowRemovedEvent, PacketIn } from './events.js';
import type { SwitchSession } from './switch-session.js';

/** Told when a handler of an app throws or rejects. */
export type AppErrorHook = (app: App, handler: keyof AppHandlers, error: unknown, sw: SwitchSession) => void;

/** The apps of a controller: hands events on, in the order in which the apps came, and catches what they throw. */
export class AppHost {
  #apps: readonly App[] = [];
  readonly #report: AppErrorHook;

  constructor(report: AppErrorHook) {
    this.#report = report;
  }

  get apps(): readonly App[] {
    return this.#apps;
  }

  /** Throws `LC_CONFLICT` when an app of this name is there. */
  add(app: App): void {
    if (this.find(app.name)) {
      throw new LinecardError('LC_CONFLICT', `an app named "${app.name}" is running already`);
    }
    this.#apps = [...this.#apps, app];
  }

  remove(app: App): void {
    this.#apps = this.#apps.filter((other) => other !== app);
  }

  find(name: string): App | undefined {
    return this.#apps.find((app) => app.name === name);
  }

  /** Calls one handler of one app. */
  call<K extends keyof AppHandlers>(app: App, handler: K, ...args: Parameters<Required<AppHandlers>[K]>): void {
    const handle = app.on[handler] as ((...args: unknown[]) => unknown) | undefined;
    if (handle === undefined) return;
    try {
      const outcome = handle.apply(app.on, args);
      if (outcome instanceof Promise) outcome.catch((error) => this.#report(app, handler, error, args[0]));
    } catch (error) {
      this.#report(app, handler, error, args[0]);
    }
  }

  /** Calls a handler of all apps. */
  all<K extends 'switchUp' | 'switchDown' | 'portStatus'>(
    handler: K,
    ...args: Parameters<Required<AppHandlers>[K]>
  ): void {
    for (const app of this.#apps) this.call(app, handler, ...args);
  }

  packetIn(sw: SwitchSession, packet: PacketIn): void {
    for (const app of this.#apps) {
      if (app.on.packetIn !== undefined && concerns(app, packet)) this.call(app, 'packetIn', sw, packet);
    }
  }

  flowRemoved(sw: SwitchSession, event: FlowRemovedEvent): void {
    for (const app of this.#apps) if (concerns(app, event)) this.call(app, 'flowRemoved', sw, event);
  }
}

/** Whether a packet or flow belongs to an app; what the version does not say is taken for granted. */
function concerns(
  app: App,
  from: { readonly cookie: bigint | undefined; readonly table: number | undefined },
): boolean {
  const otherCookie = app.cookie !== undefined && from.cookie !== undefined && app.cookie !== from.cookie;
  return !otherCookie && (app.table === undefined || from.table === undefined || app.table === from.table);
}
