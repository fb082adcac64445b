import type { Lab, World } from '@linecard/lab';
import { readSettings } from '../settings.js';

/** What every command of `linecard lab` takes. */
export interface TopologyOptions {
  readonly topo?: string;
  readonly vars?: string;
  readonly name?: string;
  readonly nodeFilter?: readonly string[];
  readonly hostsFile?: string;
}

export interface FormatOptions {
  readonly format?: string;
  readonly json?: true;
}

/** Opens the host's Docker and Open vSwitch for one piece of work. */
export async function withWorld<T>(options: TopologyOptions, work: (world: World) => Promise<T>): Promise<T> {
  const { World } = await import('@linecard/lab');
  const { docker, ovsdb } = readSettings(process.env);
  const world = new World({
    docker: docker ?? '/var/run/docker.sock',
    ovsdb,
    ...(options.hostsFile === undefined ? {} : { hostsFile: options.hostsFile }),
  });
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

export async function readTopology(options: TopologyOptions): Promise<Lab> {
  const { readLab } = await import('@linecard/lab');
  const lab = readLab(await topologyFile(options), {
    ...(options.vars === undefined ? {} : { vars: options.vars }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.nodeFilter === undefined ? {} : { nodeFilter: options.nodeFilter }),
  });
  for (const warning of lab.warnings) console.error(`linecard: ${warning}`);
  return lab;
}

/** The file that was named, or the only topology of the current folder. */
async function topologyFile({ topo }: TopologyOptions): Promise<string> {
  if (topo !== undefined) return topo;
  const { readdir } = await import('node:fs/promises');
  const { LinecardError } = await import('@linecard/wire');
  const found = (await readdir('.')).filter((name) => /\.clab\.(ya?ml(\.gotmpl)?|gotmpl)$/.test(name));
  if (found.length === 1) return found[0]!;
  const text =
    found.length === 0 ? 'there is no *.clab.yml here' : `there are several topologies here: ${found.join(', ')}`;
  throw new LinecardError('LC_NOT_FOUND', text, { hint: 'name the topology file with -t FILE' });
}

/** A lab is known by its name, by the file that it was deployed from, or by what the file says now. */
export async function labName(world: World, flags: TopologyOptions): Promise<string> {
  const { labOfFile } = await import('@linecard/lab');
  if (flags.name !== undefined) return flags.name;
  const { nodeFilter: _, ...whole } = flags;
  return (await labOfFile(world, await topologyFile(flags))) ?? (await readTopology(whole)).name;
}

/** Whether the output is for a program: `--json` is short for `--format json`. */
export function wantsJson({ format, json }: FormatOptions): boolean {
  return json === true || format === 'json';
}
