import { existsSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Init, ownFolders, type Sandbox } from './sandbox.js';
import { waitUntil } from './wait.js';

const program = '/lib/systemd/systemd';

const script = fileURLToPath(new URL('../scripts/bed-systemd.sh', import.meta.url));

/**
 * What a machine of systemd writes to, and what would make units of the machine's own settings. Of the distribution's
 * units only those are started that a test enables: the others tidy up, and probe devices, of the machine.
 */
const folders = [
  ...ownFolders,
  ...['root', 'etc/systemd', 'var/lib/containerd', 'var/lib/systemd', 'var/log', 'var/tmp', 'usr/local/bin'],
  'lib/systemd/system-generators',
  ...['sysinit', 'multi-user', 'timers'].map((target) => `lib/systemd/system/${target}.target.wants`),
].sort();

/** systemd as the first process of a sandbox. Nothing but the sandbox's own folders can be written to. */
export const systemdInit: Init = {
  folders: [...folders, 'dev', 'tmp'],
  // The sandbox's folder is below /tmp, so that this one is to be covered last.
  argv: (folder, name) => [script, folder, name, [...folders, 'tmp'].join(' '), program],
};

/** Why no bed can have systemd on this machine; undefined when one can. */
export function whyNoSystemd(): string | undefined {
  if (!existsSync(program)) return `not installed: ${program}`;
  if (!existsSync('/proc/self/ns/cgroup')) return 'the kernel has no cgroup namespaces';
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const hierarchy = /^\S+ \/sys\/fs\/cgroup\/systemd cgroup rw,(\S*,)?name=systemd\b/m;
  return hierarchy.test(mounts) ? undefined : 'no writable cgroup hierarchy name=systemd at /sys/fs/cgroup/systemd';
}

/** systemd in a sandbox whose first process it is. */
export class Systemd {
  readonly #sandbox: Sandbox;
  readonly #units: readonly string[];

  constructor(sandbox: Sandbox, units: readonly string[]) {
    this.#sandbox = sandbox;
    this.#units = units;
  }

  /** Links the units where `systemctl enable` would, unless they are: sockets with sockets, the rest with the target of a boot. */
  async enableUnits(): Promise<void> {
    const folder = this.#sandbox.path('/etc/systemd/system');
    const links = [
      ['multi-user.target', 'default.target'],
      ...this.#units.map((unit) => {
        const target = unit.endsWith('.socket') ? 'sockets' : 'multi-user';
        return [unit, `${target}.target.wants/${unit}`];
      }),
    ];
    for (const [unit, link] of links) {
      const path = `${folder}/${link}`;
      await mkdir(dirname(path), { recursive: true });
      await symlink(`/lib/systemd/system/${unit}`, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }

  /** Returns when everything has been started that a boot starts, or has failed. */
  async booted(): Promise<void> {
    const socket = this.#sandbox.path('/run/systemd/private');
    await waitUntil(() => existsSync(socket), { timeoutMs: 30_000, what: 'systemd to listen' });
    const argv = ['systemctl', 'is-system-running', '--wait'];
    await this.#sandbox.exec(argv, { timeoutMs: 90_000, allowFail: true });
  }

  /** Ends everything in order. */
  async shutDown(): Promise<void> {
    // It may end before its own client has heard of it.
    await this.#sandbox.exec(['systemctl', 'poweroff'], { allowFail: true });
    await this.#sandbox.ended(60_000);
  }

  /** What units have logged since the boot. */
  async journal(): Promise<string> {
    return (await this.#sandbox.exec(['journalctl', '--no-pager'], { allowFail: true })).stdout;
  }
}
