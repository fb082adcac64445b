/** What the daemon's own OpenFlow controller does for networks with `ovs.bridge.controller=embedded`. */
export interface EmbeddedApps {
  /**
   * Lets an app rule the switches that connect to its socket; nothing happens when it does already. Rejects with
   * `LC_NOT_FOUND` when there is no such app and `LC_INVALID` when it does not load.
   */
  serve(app: string): Promise<void>;
  /** Ends all apps but these. */
  keepOnly(apps: ReadonlySet<string>): Promise<void>;
}

const defaultApp = 'learning-switch';
const prefix = 'embedded:';

/** `embedded` or `embedded:APP` as `embedded:APP`; undefined for anything else, also for a name that may be a path. */
export function parseEmbedded(text: string): string | undefined {
  if (text === 'embedded') return prefix + defaultApp;
  return /^embedded:[a-z0-9][\w-]{0,31}$/i.test(text) ? text : undefined;
}

/** The apps among the controllers of a network. */
export function embeddedApps(controllers: readonly string[]): string[] {
  return controllers.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
}

/** The name of the socket, in the run directory of Open vSwitch, where an app awaits switches. */
export function appSocket(app: string): string {
  return `linecard-app-${app}.sock`;
}

/**
 * What stands in OVSDB for a controller of a network. ovs-vswitchd connects to sockets in its run directory only, which
 * it knows by one of several names (/run, /var/run): a relative path is in it whatever it is called.
 */
export function controllerTarget(controller: string): string {
  const [app] = embeddedApps([controller]);
  return app === undefined ? controller : `unix:${appSocket(app)}`;
}

/** The app that a target of {@link controllerTarget} leads to. */
export function appOfTarget(target: string): string | undefined {
  return /^unix:linecard-app-(.+)\.sock$/.exec(target)?.[1];
}
