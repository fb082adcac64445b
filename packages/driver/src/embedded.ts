import { digest } from './names.js';

/** What the daemon's own OpenFlow controller does for networks with `ovs.bridge.controller=embedded`. */
export interface EmbeddedApps {
  /**
   * Lets an app (as {@link embeddedApps} names it, options included) rule the switches that connect to its socket;
   * nothing happens when it does already. Rejects with `LC_NOT_FOUND` when there is no such app and `LC_INVALID` when
   * it does not load or does not take its options.
   */
  serve(app: string): Promise<void>;
  /** Ends all apps but these. */
  keepOnly(apps: ReadonlySet<string>): Promise<void>;
}

const defaultApp = 'learning-switch';
const prefix = 'embedded:';
/** Characters of an app with its options: they stand in a socket's digest, in lists and logs. */
const longest = 512;

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

/** The apps among the controllers of a network: `APP`, or `APP?KEY=VALUE` with options. */
export function embeddedApps(controllers: readonly string[]): string[] {
  return controllers.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
}

/** The name of the socket, in the run directory of Open vSwitch, where an app with these options awaits switches. */
export function appSocket(app: string): string {
  const { name } = splitApp(app);
  return `linecard-app-${name === app ? name : `${name}.${digest('app', app).slice(0, 12)}`}.sock`;
}

/**
 * What stands in OVSDB for a controller of a network. ovs-vswitchd connects to sockets in its run directory only, which
 * it knows by one of several names (/run, /var/run): a relative path is in it whatever it is called.
 */
export function controllerTarget(controller: string): string {
  const [app] = embeddedApps([controller]);
  return app === undefined ? controller : `unix:${appSocket(app)}`;
}

/** The app among the controllers of a network that a target of {@link controllerTarget} leads to. */
export function appOfTarget(target: string, controllers: readonly string[]): string | undefined {
  return embeddedApps(controllers).find((app) => target === `unix:${appSocket(app)}`);
}
