import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSummary } from '@linecard/docker';
import { labels } from './marks.js';
import type { World } from './world.js';

const start = (lab: string) => `###### CLAB-${lab}-START ######`;
const end = (lab: string) => `###### CLAB-${lab}-END ######`;

/** The labs that have a block in a hosts file. */
export function labsIn(text: string): string[] {
  return [...text.matchAll(/^###### CLAB-(.+)-START ######$/gm)].map(([, lab = '']) => lab);
}

/** A hosts file without the block of a lab. */
export function withoutBlock(text: string, lab: string): string {
  const from = text.indexOf(start(lab));
  const to = text.indexOf(end(lab));
  if (from === -1 || to < from) return text;
  return text.slice(0, from) + text.slice(to + end(lab).length).replace(/^\n/, '');
}

/** A hosts file with a block of a lab that names these addresses. */
export function withBlock(
  text: string,
  lab: string,
  entries: readonly (readonly [address: string, name: string, kind: string])[],
): string {
  const rest = withoutBlock(text, lab);
  if (entries.length === 0) return rest;
  const lines = [
    start(lab),
    ...entries.map(([address, name, kind]) => `${address}\t${name}\t# Kind: ${kind}`),
    end(lab),
  ];
  return `${rest}${rest === '' || rest.endsWith('\n') ? '' : '\n'}${lines.join('\n')}\n`;
}

/**
 * Rewrites a hosts file in place, because it may be a mount, which nothing can be renamed over. It is never empty in
 * between: whoever is killed here leaves at worst lines of a lab twice.
 */
export async function changeFile(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const changed = Buffer.from(change(text ?? ''));
  if (text === undefined) {
    if (changed.length > 0) await writeFile(path, changed);
    return;
  }
  if (changed.equals(Buffer.from(text))) return;
  const file = await open(path, 'r+');
  try {
    await file.write(changed, 0, changed.length, 0);
    await file.truncate(changed.length);
  } finally {
    await file.close();
  }
}

const sshFile = (world: World, lab: string) => join(world.sshFolder, `clab-${lab}.conf`);

/** Makes the nodes of a lab known on the host by their names, to programs and to ssh. */
export async function writeHostFiles(
  world: World,
  lab: string,
  containers: readonly ContainerSummary[],
): Promise<void> {
  const entries = (family: 'ipv4' | 'ipv6') =>
    containers.flatMap(({ name, networks, labels: own }) =>
      networks.flatMap((network) =>
        network[family] === undefined ? [] : [[network[family], name, own[labels.kind] ?? ''] as const],
      ),
    );
  const addresses = [...entries('ipv4'), ...entries('ipv6')];
  await changeFile(world.hostsFile, (text) => withBlock(text, lab, addresses));
  if (containers.length === 0 || (await stat(world.sshFolder).catch(() => undefined)) === undefined) return;
  const blocks = containers.map(({ name, labels: own }) => {
    const user = own[labels.kind] === 'openswitch' ? '\tUser root\n' : '';
    return `Host ${name}\n${user}\tStrictHostKeyChecking=no\n\tUserKnownHostsFile=/dev/null\n`;
  });
  await writeFile(sshFile(world, lab), [`# Containerlab SSH Config for the ${lab} lab\n`, ...blocks].join('\n'));
}

export async function removeHostFiles(world: World, lab: string): Promise<void> {
  await changeFile(world.hostsFile, (text) => withoutBlock(text, lab));
  await rm(sshFile(world, lab), { force: true });
}
