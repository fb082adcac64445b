import { request } from 'node:http';
import { type Bed, MultiHost, type MultiHostOptions } from '@linecard/testkit';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { eventually } from './eventually.js';
import { certify, tlsOptions } from './pki.js';
import { pings } from './talk.js';

/** What a bed needs for OVN. */
export const ovnTools = ['ovn-nbctl', 'ovn-northd', 'ovn-controller'];

/** How the daemons of these tests are started: what Docker has forgotten goes soon. */
export const daemonEnv = { LINECARD_GRACE_MS: '1000' };

/** What hosts with OVN are like. */
export interface HostsOptions extends MultiHostOptions {
  /** How many of them are members of OVN central. */
  readonly centrals: number;
  /** Whether the databases are spoken to over SSL. */
  readonly ssl?: boolean;
  /** What is to run on the hosts; the daemon on each by default. */
  readonly run?: (all: MultiHost) => Promise<void>;
}

/** Makes hosts with an OVN central over the first ones, and a daemon on each: with the commands that the manual has. */
export async function setUp(options: HostsOptions): Promise<MultiHost> {
  const all = await MultiHost.create(options);
  try {
    const members = Array.from({ length: options.centrals }, (_, i) => all.address(i)).join(',');
    if (options.ssl) await certify(all);
    const tls = options.ssl ? tlsOptions : [];
    for (const [i, host] of all.hosts.slice(0, options.centrals).entries()) {
      await host.linecard('ovn', 'central', '--address', all.address(i), '--members', members, ...tls);
    }
    for (const host of all.hosts) await host.linecard('ovn', 'join', members, ...tls);
    await (options.run ?? startDaemons)(all);
    return all;
  } catch (error) {
    await all.destroy();
    throw error;
  }
}

async function startDaemons({ hosts }: MultiHost): Promise<void> {
  await Promise.all(hosts.map((host) => host.daemon({ env: daemonEnv })));
}

/** Gives the tests of the surrounding `describe` the same hosts, and shows their logs when one of them fails. */
export function useHosts(options: HostsOptions): () => MultiHost {
  let all: MultiHost | undefined;
  beforeAll(async () => {
    all = await setUp(options);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const host of all?.hosts ?? []) console.error(await host.logs().catch(() => ''));
  });
  afterAll(() => all?.destroy());
  return () => {
    if (all === undefined) throw new Error('the hosts are there only while tests run');
    return all;
  };
}

/** The northbound database on all hosts, for programs that look for the member that leads. */
export function northboundOf(all: MultiHost): string {
  return all.hosts.map((_, i) => `tcp:${all.address(i)}:6641`).join(',');
}

/** Runs ovn-nbctl against whichever member leads. */
export async function nbctl(all: MultiHost, ...args: readonly string[]): Promise<string> {
  const database = northboundOf(all);
  const alive = all.hosts[0]!;
  return (await alive.exec(['ovn-nbctl', '--timeout=15', `--db=${database}`, ...args])).stdout.trim();
}

/** The rows of the northbound database that Linecard has made, but for addresses that were just released. */
export async function remains(all: MultiHost): Promise<string[]> {
  const tables = ['Logical_Switch', 'Logical_Switch_Port', 'Logical_Router', 'Logical_Router_Port', 'Load_Balancer'];
  const lists = tables.map((table) => nbctl(all, '--bare', '--columns=name', 'list', table));
  const claims = nbctl(all, '--bare', '--columns=external_ids', 'find', 'DNS', 'external_ids:kind!=released');
  return (await Promise.all([...lists, claims])).flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** A ping that may need a moment: the first packet to another host looks for the way of the tunnel. */
export function reaches(host: Bed, container: string, target: string): Promise<void> {
  const what = `${container} to reach ${target}`;
  return eventually(async () => expect(await pings(host, { container }, target)).toBe(true), { what });
}

/** Creates the same network on several hosts. */
export async function network(hosts: readonly Bed[], name: string, ...options: readonly string[]): Promise<void> {
  const shared = ['-d', 'openvswitch', '--ipam-driver', 'openvswitch', '-o', `ovn.switch=${name}`];
  await Promise.all(hosts.map((host) => host.docker('network', 'create', ...shared, ...options, name)));
}

/** Starts a container that stays, and returns its ID. */
export function guest(host: Bed, net: string, name: string, ...options: readonly string[]): Promise<string> {
  return host.docker('run', '-itd', `--net=${net}`, `--name=${name}`, ...options, 'busybox');
}

/** Something about a container's place on a network. */
export function about(host: Bed, container: string, net: string, field: string): Promise<string> {
  return host.docker(
    'inspect',
    '--format',
    `{{with index .NetworkSettings.Networks "${net}"}}{{.${field}}}{{end}}`,
    container,
  );
}

/** Removes containers and networks, whichever of them there are. */
export async function clear(host: Bed, containers: readonly string[], networks: readonly string[]): Promise<void> {
  if (containers.length > 0) await host.exec(['docker', 'rm', '-f', ...containers], { allowFail: true });
  if (networks.length > 0) await host.docker('network', 'rm', ...networks);
}

/** What the driver answered to one plugin request. */
export interface PluginAnswer {
  readonly Err?: string;
  readonly [key: string]: unknown;
}

/** Sends one request to the plugin socket, as dockerd does: `NetworkDriver.CreateEndpoint`. */
export function callPlugin(bed: Bed, method: string, body: unknown): Promise<PluginAnswer> {
  const socketPath = bed.path('/run/docker/plugins/openvswitch.sock');
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path: `/${method}`, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text) as PluginAnswer));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
