import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { NetnsRef } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import type { LabNode } from '../model/types.js';
import { type ContainerKind, mustRun } from './kind.js';

/** How long the system may take to make its namespace. */
const startMs = 60_000;

/** Whether a file is a namespace: it lies on the same file system as our own. */
async function isNamespace(path: string): Promise<boolean> {
  const [own, other] = await Promise.all([stat('/proc/self/ns/net'), stat(path).catch(() => undefined)]);
  return other?.dev === own.dev;
}

async function gone(pid: number): Promise<boolean> {
  return (await stat(`/proc/${pid}`).catch(() => undefined)) === undefined;
}

/** Waits until the system inside the container has made the namespace of its front-panel ports. */
async function frontPanel({ name, openswitch }: LabNode, pid: number): Promise<NetnsRef> {
  const path = `/proc/${pid}/root/run/netns/${openswitch.netns}`;
  const deadline = performance.now() + startMs;
  while (!(await isNamespace(path))) {
    if (await gone(pid))
      throw new LinecardError('LC_NOT_FOUND', `the container of ${name} has ended`, { hint: 'docker logs tells why' });
    if (performance.now() > deadline) {
      throw new LinecardError(
        'LC_TIMEOUT',
        `${name} has made no network namespace ${openswitch.netns} within ${startMs / 1000} s`,
        {
          hint: 'the kind openswitch needs an image that makes one (scripts/images/openswitch.sh); openswitch.netns names it',
        },
      );
    }
    await delay(20);
  }
  return { path };
}

/** The lines of a configuration that say something. */
function commandsOf(config: string): string[] {
  return config
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !/^\s*[!#]/.test(line));
}

/** A network operating system whose front-panel ports live in a namespace of their own inside the container. */
export const openswitchKind: ContainerKind = {
  name: 'openswitch',
  parts: () => ({ binds: [], sysctls: { 'net.ipv6.conf.all.disable_ipv6': '0' } }),
  files: () => [],
  netns: frontPanel,
  async configure({ openswitch }, config, inside) {
    if (config === undefined) return;
    const lines = ['configure terminal', ...commandsOf(config)];
    const said = await mustRun(inside, [...openswitch.cli, ...lines.flatMap((line) => ['-c', line.trim()])]);
    const complaint = said.split('\n').find((line) => /^%/.test(line));
    if (complaint !== undefined) throw new LinecardError('LC_COMMAND', `the startup-config: ${complaint.trim()}`);
  },
  running: ({ openswitch }) => [...openswitch.cli, '-c', 'show running-config'],
};
