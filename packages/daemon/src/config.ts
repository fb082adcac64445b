import { isIP } from 'node:net';
import { controlSocket } from '@linecard/api';
import { LinecardError } from '@linecard/wire';

/** Where the read-only listener is. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The networks that a daemon serves: those of this host, also those over many hosts, or only those of a swarm. */
export const servings = ['ovs', 'all', 'swarm'] as const;
export type Serving = (typeof servings)[number];

/** What a daemon is told at its start. */
export interface DaemonConfig {
  readonly serve: Serving;
  /** The name of the managed plugin that the daemon runs in, when it serves a swarm. */
  readonly pluginName: string;
  /** OVSDB endpoint, such as `unix:/run/openvswitch/db.sock`. */
  readonly ovsdb: string;
  /** Path of the Docker Engine's socket. */
  readonly dockerSocket: string;
  /** Where the daemon listens for the command. */
  readonly controlSocket: string;
  /** Where dockerd looks for plugins; not used when systemd passes sockets. */
  readonly pluginDirectory: string;
  /** Where the user's own apps for `ovs.bridge.controller=embedded:APP` are. */
  readonly appsDirectory: string;
  /** Undefined: no read-only listener. */
  readonly listen: ListenAddress | undefined;
  /** How long, in ms, what Docker does not know is kept. */
  readonly graceMs: number;
  /** How long, in ms, another host of OVN may be silent before what it has left is collected. */
  readonly hostGraceMs: number;
  /** Told of each step of a change. */
  readonly checkpoint: (step: string) => void;
}

/** Settings as they are typed; what is absent has its default. */
export interface Settings {
  readonly serve?: Serving | undefined;
  readonly ovsdb?: string | undefined;
  readonly docker?: string | undefined;
  readonly socket?: string | undefined;
  readonly listen?: string | undefined;
  readonly apps?: string | undefined;
}

/** What is set unless told otherwise. */
export const defaults = {
  ovsdb: 'unix:/run/openvswitch/db.sock',
  docker: '/var/run/docker.sock',
  socket: controlSocket,
  listen: '127.0.0.1:9401',
  apps: '/etc/linecard/apps',
} as const;

// Docker repeats a call for up to 15 s; what it does not know after 20 s it has forgotten.
const defaultGraceMs = 20_000;
// A host that is cut off for a minute, or restarts, is to find its ports and addresses as it left them.
const defaultHostGraceMs = 300_000;

/** Reads `HOST:PORT`, an IPv6 host in brackets; `off` is undefined. Throws `LC_INVALID`. */
export function parseListen(text: string): ListenAddress | undefined {
  if (text === 'off') return undefined;
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  if (isIP(host) === 0 || Number(port) > 65_535) {
    throw new LinecardError('LC_INVALID', `"${text}" is not an address to listen on`, {
      hint: 'write it as 127.0.0.1:9401 or [::1]:9401, or "off"',
    });
  }
  return { host, port: Number(port) };
}

/** The path of a unix socket that may be written as `unix:///path`, as DOCKER_HOST has it. Throws `LC_INVALID`. */
export function parseSocketPath(text: string): string {
  const path = text.replace(/^unix:(\/\/)?/, '');
  if (path.startsWith('/')) return path;
  throw new LinecardError('LC_INVALID', `"${text}" is not the path of a unix socket`, {
    hint: 'Linecard plugs the containers of this machine in, and so speaks with the Docker of this machine',
  });
}

function milliseconds(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  const ms = Number(text ?? otherwise);
  if (Number.isInteger(ms) && ms >= 0) return ms;
  throw new LinecardError('LC_INVALID', `${name}="${text}" is not a number of milliseconds`);
}

/**
 * For tests: `LINECARD_TEST_CRASH=STEP[:N]` kills the process, as `kill -9` does, when it passes a step of a change
 * (`link-created`, `row-committed`...) for the N-th time, so that every place where it may die can be tried.
 */
function crashPoint(env: NodeJS.ProcessEnv): (step: string) => void {
  const [at, times = '1'] = (env.LINECARD_TEST_CRASH ?? '').split(':');
  if (at === undefined || at === '') return () => undefined;
  let left = Number(times);
  return (step) => {
    if (step === at && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

/** Fills in defaults. Throws `LC_INVALID`. */
export function readConfig(settings: Settings, env: NodeJS.ProcessEnv): DaemonConfig {
  return {
    serve: settings.serve ?? 'all',
    pluginName: (env.LINECARD_PLUGIN ?? 'linecard/openvswitch').replace(/:latest$/, ''),
    ovsdb: settings.ovsdb ?? defaults.ovsdb,
    dockerSocket: parseSocketPath(settings.docker ?? env.DOCKER_HOST ?? defaults.docker),
    controlSocket: parseSocketPath(settings.socket ?? defaults.socket),
    pluginDirectory: '/run/docker/plugins',
    appsDirectory: settings.apps ?? defaults.apps,
    listen: parseListen(settings.listen ?? defaults.listen),
    graceMs: milliseconds(env, 'LINECARD_GRACE_MS', defaultGraceMs),
    hostGraceMs: milliseconds(env, 'LINECARD_HOST_GRACE_MS', defaultHostGraceMs),
    checkpoint: crashPoint(env),
  };
}
