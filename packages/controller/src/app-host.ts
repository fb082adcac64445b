import { LinecardError } from '@linecard/wire';
import type { App, AppHandlers } from './app.js';
import type { FlowRemovedEvent, PacketIn, PortEvent } from './events.js';
import { versionName } from './negotiate.js';
import type { SwitchSession } from './switch-session.js';

/** Told when a handler of an app throws or rejects. */
export type AppErrorHook = (app: App, handler: keyof AppHandlers, error: unknown, sw: SwitchSession) => void;

/** Which switches an app rules. */
export type AppScope = (sw: SwitchSession) => boolean;

interface Entry {
  readonly app: App;
  readonly scope: AppScope | undefined;
  /** The switches that it rules now. */
  readonly ruled: Set<SwitchSession>;
}

/** The apps of a controller: hands events on, in the order in which the apps came, and catches what they throw. */
export class AppHost {
  #entries: readonly Entry[] = [];
  readonly #report: AppErrorHook;

  constructor(report: AppErrorHook) {
    this.#report = report;
  }

  get apps(): readonly App[] {
    return this.#entries.map(({ app }) => app);
  }

  /** Whether all apps that rule every switch know a version. */
  knows(version: number): boolean {
    return this.#entries.every(({ app, scope }) => scope !== undefined || (app.versions?.includes(version) ?? true));
  }

  /** Lets an app rule those of `switches` that are in its scope. Throws `LC_CONFLICT` when it runs already. */
  add(app: App, scope: AppScope | undefined, switches: Iterable<SwitchSession>): void {
    if (this.#entries.some((entry) => entry.app === app)) {
      throw new LinecardError('LC_CONFLICT', `the app "${app.name}" is running already`);
    }
    const entry: Entry = { app, scope, ruled: new Set() };
    this.#entries = [...this.#entries, entry];
    for (const sw of switches) this.#begin(entry, sw);
  }

  /** Takes an app out; answers its scope, or false when it was not there. */
  remove(app: App): AppScope | undefined | false {
    const entry = this.#entries.find((other) => other.app === app);
    this.#entries = this.#entries.filter((other) => other !== entry);
    return entry === undefined ? false : entry.scope;
  }

  switchUp(sw: SwitchSession): void {
    for (const entry of this.#entries) this.#begin(entry, sw);
  }

  switchDown(sw: SwitchSession): void {
    for (const entry of this.#entries) if (entry.ruled.delete(sw)) this.#call(entry.app, 'switchDown', sw);
  }

  portStatus(sw: SwitchSession, event: PortEvent): void {
    for (const { app, ruled } of this.#entries) if (ruled.has(sw)) this.#call(app, 'portStatus', sw, event);
  }

  packetIn(sw: SwitchSession, packet: PacketIn): void {
    for (const { app, ruled } of this.#entries) {
      if (ruled.has(sw) && concerns(app, packet)) this.#call(app, 'packetIn', sw, packet);
    }
  }

  flowRemoved(sw: SwitchSession, event: FlowRemovedEvent): void {
    for (const { app, ruled } of this.#entries) {
      if (ruled.has(sw) && concerns(app, event)) this.#call(app, 'flowRemoved', sw, event);
    }
  }

  #begin({ app, scope, ruled }: Entry, sw: SwitchSession): void {
    if (scope?.(sw) === false) return;
    if (app.versions !== undefined && !app.versions.includes(sw.version)) {
      const known = app.versions.map(versionName).join(', ');
      const message = `the app "${app.name}" knows OpenFlow ${known}, switch ${sw.name} speaks ${versionName(sw.version)}`;
      this.#report(app, 'switchUp', new LinecardError('LC_INVALID', message), sw);
      return;
    }
    ruled.add(sw);
    this.#call(app, 'switchUp', sw);
  }

  // The event stands by itself, not in a list of arguments: one less to clear away for each packet.
  #call(app: App, handler: keyof AppHandlers, sw: SwitchSession, event?: unknown): void {
    const handle = app.on[handler] as ((sw: SwitchSession, event: unknown) => unknown) | undefined;
    if (handle === undefined) return;
    try {
      const outcome = handle.call(app.on, sw, event);
      if (outcome instanceof Promise) outcome.catch((error) => this.#report(app, handler, error, sw));
    } catch (error) {
      this.#report(app, handler, error, sw);
    }
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
