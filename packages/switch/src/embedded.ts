import { createHash } from 'node:crypto';

const defaultApp = 'learning-switch';
const prefix = 'embedded:';
/** Characters of an app with its options: they stand in OVSDB, in lists and logs. */
const longest = 512;

/** The key in `external_ids` of a Controller row that says which app its target leads to. */
export const appKey = 'linecard-app';

/** The key in `external_ids` of a Controller row that says why the daemon cannot serve its app. */
export const appErrorKey = 'linecard-app-error';

/** An app of the daemon's own controller. */
export interface EmbeddedApp {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * `embedded`, `embedded:APP` or either with `?KEY=VALUE&KEY=VALUE` as `embedded:APP[?...]` with its keys in order, so
 * that the same is one text. In values, `%2C` is a comma and so on. Undefined for anything else, also for a name that
 * may be a path.
 */
export function parseEmbedded(text: string): string | undefined {
  const match = /^embedded(?::([a-z0-9][\w-]{0,31}))?(?:\?(.+))?$/i.exec(text);
  if (match === null || text.length > longest) return undefined;
  const [, name = defaultApp, query] = match;
  const options = readQuery(query);
  return options && prefix + name + (options.size === 0 ? '' : `?${writeQuery(options)}`);
}

function readQuery(query: string | undefined): Map<string, string> | undefined {
  const options = new Map<string, string>();
  for (const pair of query?.split('&') ?? []) {
    const [, key, value] = /^([\w-]{1,64})=(.*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined || options.has(key)) return undefined;
    try {
      options.set(key, decodeURIComponent(value));
    } catch {
      return undefined;
    }
  }
  return options;
}

function writeQuery(options: ReadonlyMap<string, string>): string {
  const pairs = [...options].map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return pairs.sort().join('&');
}

/** The name and the options of an app among {@link embeddedApps}. */
export function splitApp(app: string): EmbeddedApp {
  const [name = '', query] = app.split('?');
  return { name, options: Object.fromEntries(readQuery(query) ?? []) };
}

/** The apps among the controllers of a bridge: `APP`, or `APP?KEY=VALUE` with options. */
export function embeddedApps(controllers: readonly string[]): string[] {
  return controllers.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
}

/** The name of the socket, in the run directory of Open vSwitch, where an app with these options awaits switches. */
export function appSocket(app: string): string {
  const { name } = splitApp(app);
  const digest = () => createHash('sha256').update(`app\0${app}`).digest('hex').slice(0, 12);
  return `linecard-app-${name === app ? name : `${name}.${digest()}`}.sock`;
}

/**
 * What stands in OVSDB for a controller of a bridge. ovs-vswitchd connects to sockets in its run directory only, which
 * it knows by one of several names (/run, /var/run): a relative path is in it whatever it is called.
 */
export function controllerTarget(controller: string): string {
  const [app] = embeddedApps([controller]);
  return app === undefined ? controller : `unix:${appSocket(app)}`;
}

/** The keys in `external_ids` of the Controller row for a controller of a bridge. */
export function controllerIds(controller: string): ReadonlyMap<string, string> {
  return new Map(embeddedApps([controller]).map((app) => [appKey, app]));
}

/** The columns of a Controller row that say what it leads to. */
interface Lead {
  readonly target: string;
  readonly external_ids: ReadonlyMap<string, string>;
}

/** The app that a Controller row leads to; undefined for other controllers, and where the row says what cannot be. */
export function appOf({ target, external_ids }: Lead): string | undefined {
  const app = external_ids.get(appKey);
  if (app === undefined || target !== `unix:${appSocket(app)}`) return undefined;
  return parseEmbedded(prefix + app) === prefix + app ? app : undefined;
}

/** The controller of a bridge that a row stands for: what {@link controllerTarget} and {@link controllerIds} began with. */
export function controllerOf(row: Lead): string {
  const app = appOf(row);
  return app === undefined ? row.target : prefix + app;
}
