import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bed, BedOptions, ExecResult } from '@linecard/testkit';
import { useBed } from './system.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = `${root}packages/cli/dist/main.js`;

/** Where a bed keeps its copies of the labs: deploying writes beside the topology file. */
export const labsFolder = '/run/labs';

/** A bed in which labs can be deployed, with the images that these shapes name, and with a hosts file of its own. */
export function useLabs(shapes: readonly ('frr' | 'openswitch')[], options: BedOptions = {}): () => Bed {
  return useBed({ docker: true, ...options }, async (bed) => {
    await bed.exec(['cp', '/etc/hosts', '/run/hosts']);
    await bed.exec(['mount', '--bind', '/run/hosts', '/etc/hosts']);
    await bed.exec(['cp', '-r', `${root}examples`, labsFolder]);
    for (const shape of shapes) {
      const archive = execFileSync(`${root}scripts/images/frr.sh`, [shape], { encoding: 'utf8' }).trim();
      await bed.exec(['docker', 'load', '--quiet', '--input', archive]);
    }
  });
}

/** The command line of the built `linecard`. */
export function linecard(...args: readonly string[]): string[] {
  return ['node', main, ...args];
}

/** Runs `linecard lab` and returns how it ended. */
export function lab(bed: Bed, ...args: readonly string[]): Promise<ExecResult> {
  return bed.exec(linecard('lab', ...args), {
    allowFail: true,
    timeoutMs: 100_000,
    env: { LINECARD_DOCKER: '/run/docker.sock' },
  });
}

/** Runs `linecard lab`, which must succeed, and returns its output. */
export async function mustLab(bed: Bed, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab(bed, ...args);
  if (status !== 0) throw new Error(`linecard lab ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** Starts `linecard lab` without waiting for it. */
export function startLab(bed: Bed, ...args: readonly string[]) {
  return bed.spawn(linecard('lab', ...args), { env: { LINECARD_DOCKER: '/run/docker.sock' } });
}

/** Writes a topology into a folder of its own and returns its path. */
export async function topology(bed: Bed, name: string, text: string): Promise<string> {
  const file = `${labsFolder}/${name}/${name}.clab.yml`;
  await bed.exec(['mkdir', '-p', `${labsFolder}/${name}`]);
  await bed.exec(['tee', file], { input: `name: ${name}\n${text}` });
  return file;
}

/** All that a lab may leave behind in a bed. */
export async function traces(bed: Bed) {
  const [snapshot, containers, networks] = await Promise.all([
    bed.snapshot(),
    bed.docker('ps', '-aq'),
    bed.docker('network', 'ls', '--format', '{{.Name}}'),
  ]);
  const { links, addresses, nft, iptables, ovs } = snapshot;
  const hosts = readFileSync(bed.path('/run/hosts'), 'utf8');
  return { links, addresses, nft, iptables, ovs, containers, networks: networks.split('\n').sort(), hosts };
}
