import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bed, MultiHost } from '@linecard/testkit';
import { expect } from 'vitest';
import { eventually } from './eventually.js';
import { daemonEnv } from './overlay.js';

/** The name under which a swarm knows the driver. */
export const pluginName = 'linecard/openvswitch:latest';

const script = fileURLToPath(new URL('../../scripts/images/plugin.sh', import.meta.url));

/** Packs the plugin once and enables it on every host, as `scripts/images/plugin.sh` does on one. */
export async function startPlugins({ hosts }: Pick<MultiHost, 'hosts'>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'linecard-plugin-'));
  try {
    const packed = join(folder, 'plugin');
    await promisify(execFile)(script, ['-o', packed, pluginName], { timeout: 60_000 });
    await Promise.all(
      hosts.map(async (host) => {
        await host.docker('plugin', 'create', pluginName, packed);
        await host.docker('plugin', 'set', pluginName, `LINECARD_GRACE_MS=${daemonEnv.LINECARD_GRACE_MS}`);
        await host.docker('plugin', 'enable', pluginName);
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes a swarm of the hosts; the first one is its manager. */
export async function makeSwarm(all: MultiHost): Promise<void> {
  const [manager, ...workers] = all.hosts;
  const at = (index: number) => ['--advertise-addr', all.address(index)];
  await manager!.docker('swarm', 'init', ...at(0));
  const token = await manager!.docker('swarm', 'join-token', '-q', 'worker');
  await Promise.all(
    workers.map((host, i) => host.docker('swarm', 'join', '--token', token, ...at(i + 1), `${all.address(0)}:2377`)),
  );
}

/** Makes all hosts managers of the swarm. */
export async function promoteAll({ hosts }: MultiHost): Promise<void> {
  const nodes = await Promise.all(hosts.map((host) => host.docker('info', '-f', '{{.Swarm.NodeID}}')));
  await hosts[0]!.docker('node', 'promote', ...nodes.slice(1));
  await eventually(
    async () => {
      const said = await hosts[0]!.docker('node', 'ls', '--format', '{{.ManagerStatus}}');
      expect(said.split('\n').sort()).toEqual(['Leader', ...nodes.slice(1).map(() => 'Reachable')]);
    },
    { what: 'all hosts to be managers', timeoutMs: 30_000 },
  );
}

/** Docker dies, and at the same moment its plugins and containers and what holds them. */
export async function killDocker(host: Bed): Promise<void> {
  await host.stopDocker('KILL');
  const shims = (await host.exec(['pgrep', '-d,', 'containerd-shim'], { allowFail: true })).stdout.trim();
  if (shims === '') return;
  await host.exec(['pkill', '-9', '-P', shims], { allowFail: true });
  await host.exec(['pkill', '-9', 'containerd-shim'], { allowFail: true });
}

/** The power of hosts goes and comes back. Docker starts beside Open vSwitch and OVN, and before they answer. */
export async function reboot(all: MultiHost, indexes: readonly number[]): Promise<void> {
  const start = async (index: number): Promise<void> => {
    const host = all.hosts[index]!;
    await all.plug(index);
    const ovn = async (): Promise<void> => {
      await host.startOvs({ systemId: `h${index + 1}` });
      const central = all.address(0);
      if (index === 0) await host.linecard('ovn', 'central', '--address', central, '--members', central);
      await host.linecard('ovn', 'join', central);
    };
    await Promise.all([ovn(), host.startDocker()]);
  };
  await Promise.all(indexes.map((index) => all.hosts[index]!.reboot()));
  await Promise.all(indexes.map(start));
}

/** A container's place on a network. */
export interface Place {
  readonly endpoint: string;
  readonly address: string;
  /** The service that it belongs to; empty when it belongs to none. */
  readonly service: string;
}

/** The places that the running containers of hosts have on a network, as Docker says. */
export async function placesOn(hosts: readonly Bed[], net: string): Promise<Place[]> {
  const place = `{{with index .NetworkSettings.Networks "${net}"}}{{.EndpointID}} {{.IPAddress}}{{end}}`;
  const format = `${place} {{index .Config.Labels "com.docker.swarm.service.name"}}`;
  const found = hosts.map(async (host) => {
    const ids = (await host.docker('ps', '-q', '--filter', `network=${net}`)).split('\n').filter((id) => id !== '');
    return ids.length === 0 ? '' : host.docker('inspect', '-f', format, ...ids);
  });
  return (await Promise.all(found)).flatMap((text) =>
    [...text.matchAll(/^(\w+) (\S+) ?(\S*)$/gm)].map(([, endpoint, address, service]) => {
      return { endpoint: endpoint!, address: address!, service: service! };
    }),
  );
}

/** Starts a service whose image every host has; there is no registry that would tell of a newer one. */
export function service(manager: Bed, name: string, net: string, options: readonly string[], command: string) {
  const how = ['-d', '--no-resolve-image', '--name', name, '--network', net, '--stop-signal', 'KILL'];
  return manager.docker('service', 'create', ...how, ...options, 'busybox', 'sh', '-c', command);
}

/** The containers of a service on a host. */
export async function containersOf(host: Bed, name: string): Promise<string[]> {
  const filter = `label=com.docker.swarm.service.name=${name}`;
  const text = await host.docker('ps', '--filter', filter, '--format', '{{.Names}}');
  return text.split('\n').filter((line) => line !== '');
}
