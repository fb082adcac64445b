import type { Bed, BedOptions } from '@linecard/testkit';
import { useBed } from './system.js';

/** A bed with Open vSwitch, Docker, an outside world and the daemon, for the tests of one `describe`. */
export function useDriver(options: BedOptions = {}, prepare?: (bed: Bed) => Promise<void>): () => Bed {
  return useBed({ ovs: true, docker: true, uplink: true, ...options }, async (bed) => {
    await bed.daemon();
    await prepare?.(bed);
  });
}

/** Starts idle containers on a network, all at once. */
export async function guests(bed: Bed, network: string, ...names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => bed.docker('run', '-td', '--name', name, '--network', network, 'busybox')));
}

/** Removes containers and then networks. */
export async function remove(bed: Bed, containers: readonly string[], networks: readonly string[]): Promise<void> {
  if (containers.length > 0) await bed.docker('rm', '-f', ...containers);
  if (networks.length > 0) await bed.docker('network', 'rm', ...networks);
}

/** What Docker says when it refuses a command. */
export async function refusal(command: Promise<unknown>): Promise<string> {
  return command.then(
    () => {
      throw new Error('the command was to be refused');
    },
    (error: Error) => error.message,
  );
}

/** The name of the bridge that a network has when it was given none. */
export async function bridgeOf(bed: Bed, network: string): Promise<string> {
  const id = await bed.docker('network', 'inspect', '--format', '{{.Id}}', network);
  return `lc${id.slice(0, 12)}`;
}

/** The addresses of a container on a network. */
export async function addressesOf(bed: Bed, container: string, network: string): Promise<{ v4: string; v6: string }> {
  const format = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`;
  const [v4 = '', v6 = ''] = (await bed.docker('inspect', '--format', format, container)).split(' ');
  return { v4, v6 };
}

/** A column of an Open vSwitch record, as ovs-vsctl prints it, without quotes around the whole. */
export async function column(bed: Bed, table: string, record: string, name: string): Promise<string> {
  return (await bed.vsctl('get', table, record, name)).replace(/^"(.*)"$/s, '$1');
}

/** The name of the switch's interface of an endpoint; empty when there is none. */
export function interfaceOf(bed: Bed, endpointId: string): Promise<string> {
  return bed.vsctl('--bare', '--columns=name', 'find', 'Interface', `external_ids:endpoint-id=${endpointId}`);
}

/** The name of the switch's interface that a container has on a network. */
export async function portOf(bed: Bed, container: string, network: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${network}").EndpointID}}`;
  return interfaceOf(bed, await bed.docker('inspect', '--format', format, container));
}
