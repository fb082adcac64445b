import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bed, BedOptions, ExecResult } from '@linecard/testkit';
import { useBed } from './system.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = `${root}packages/cli/dist/main.js`;

/** Where a bed keeps its copies of the labs: deploying writes beside the topology file. */
export const labsFolder = '/run/labs';

/** A bed in which labs can be deployed, with the images that these shapes name. */
export function useLabs(shapes: readonly ('frr' | 'openswitch')[], options: BedOptions = {}): () => Bed {
  return useBed({ docker: true, ...options }, async (bed) => {
    await ownHostFiles(bed);
    await bed.exec(['cp', '-r', `${root}examples`, labsFolder]);
    for (const shape of shapes) {
      const archive = execFileSync(`${root}scripts/images/frr.sh`, [shape], { encoding: 'utf8' }).trim();
      await bed.exec(['docker', 'load', '--quiet', '--input', archive]);
    }
  });
}

/** Gives a bed a hosts file and ssh settings of its own, which labs write. */
export async function ownHostFiles(bed: Bed): Promise<void> {
  await bed.exec(['cp', '/etc/hosts', '/run/hosts']);
  await bed.exec(['mount', '--bind', '/run/hosts', '/etc/hosts']);
  const ssh = '[ ! -d /etc/ssh/ssh_config.d ] || mount -t tmpfs tmpfs /etc/ssh/ssh_config.d';
  await bed.exec(['sh', '-c', ssh]);
}

/** A folder of a bed with a copy of what a newcomer has, labs write into it, and with the command `linecard`. */
export async function newcomersFolder(bed: Bed, name: string): Promise<string> {
  const folder = `/run/newcomer/${name}`;
  await bed.exec(['mkdir', '-p', `${folder}/bin`]);
  await bed.exec(['cp', '-r', `${root}examples`, `${root}scripts`, folder]);
  await bed.exec(['tee', `${folder}/bin/linecard`], { input: `#!/bin/sh\nexec node ${main} "$@"\n` });
  await bed.exec(['chmod', '+x', `${folder}/bin/linecard`]);
  return folder;
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

/**
 * Types the commands that the README of a shipped lab shows, from top to bottom, on a terminal in a copy of the
 * repository; the first that fails ends it. Returns all that the terminal showed.
 */
export async function typeReadme(bed: Bed, name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const readme = readFileSync(`${root}examples/${name}/README.md`, 'utf8');
  const commands = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!).join('');
  const folder = await newcomersFolder(bed, name);
  await bed.exec(['tee', `${folder}/typed`], { input: `cd ${folder}\nset -x\n${commands}` });
  const { stdout, status } = await bed.exec(
    ['script', '--quiet', '--return', '--command', `bash -euo pipefail ${folder}/typed`, '/dev/null'],
    { allowFail: true, timeoutMs: 180_000, env: { PATH: `${folder}/bin:${process.env.PATH}`, TERM: 'dumb', ...env } },
  );
  const shown = stdout.replaceAll('\r', '');
  if (status !== 0) throw new Error(`examples/${name}/README.md: exit status ${status}\n${shown}`);
  return shown;
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
  const ssh = (await bed.exec(['ls', '/etc/ssh/ssh_config.d'], { allowFail: true })).stdout;
  return { links, addresses, nft, iptables, ovs, containers, networks: networks.split('\n').sort(), hosts, ssh };
}
