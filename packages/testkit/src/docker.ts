import { readFile, rm, statfs } from 'node:fs/promises';
import { LinecardError } from '@linecard/wire';
import { askSocket } from './http.js';
import { busyboxArchive } from './image.js';
import type { StopSignal } from './ovs.js';
import type { BedProcess } from './process.js';
import type { Sandbox } from './sandbox.js';
import { waitUntil } from './wait.js';

/** How dockerd is started. */
export interface DockerOptions {
  /** Containers live on while dockerd is down. */
  readonly liveRestore?: boolean;
  /** Further arguments of dockerd. */
  readonly args?: readonly string[];
}

/** OVERLAYFS_SUPER_MAGIC of statfs(2): overlay2 cannot stand on another overlay. */
const overlayMagic = 0x794c7630;

const socket = '/run/docker.sock';

/** dockerd (with the containerd that it manages) in a sandbox. */
export class Docker {
  readonly #sandbox: Sandbox;
  #dockerd: BedProcess | undefined;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** What dockerd has logged since its last start. */
  log(): string {
    return this.#dockerd?.log() ?? '';
  }

  /** Starts dockerd unless it runs. Returns when its API answers. */
  async start(options: DockerOptions = {}): Promise<void> {
    if (this.#dockerd !== undefined && this.#dockerd.exit === undefined) return;
    // Left behind by a killed dockerd, it could name a process of today.
    await rm(this.#sandbox.path('/run/docker.pid'), { force: true });
    const { type } = await statfs(this.#sandbox.folder);
    const dockerd = this.#sandbox.spawn([
      'dockerd',
      `--host=unix://${socket}`,
      `--storage-driver=${type === overlayMagic ? 'vfs' : 'overlay2'}`,
      `--cgroup-parent=/${this.#sandbox.name}`,
      '--exec-opt=native.cgroupdriver=cgroupfs',
      ...(options.liveRestore === true ? ['--live-restore'] : []),
      ...(options.args ?? []),
    ]);
    this.#dockerd = dockerd;
    const answers = async (): Promise<boolean> => {
      if (dockerd.exit !== undefined) {
        throw new LinecardError('LC_COMMAND', `dockerd ended at its start:\n${dockerd.log().slice(-2000)}`);
      }
      return (await askSocket(this.#sandbox.path(socket), 'GET', '/_ping', 5000))?.status === 200;
    };
    await waitUntil(answers, { timeoutMs: 60_000, what: 'dockerd to answer' });
  }

  /** Ends dockerd and waits until it is gone. */
  async stop(signal: StopSignal): Promise<void> {
    if (this.#dockerd?.exit === undefined) await this.#dockerd?.kill(`SIG${signal}`, 60_000);
  }

  /** Makes the image `busybox` available. */
  async loadImage(): Promise<void> {
    const known = await askSocket(this.#sandbox.path(socket), 'GET', '/images/busybox/json', 5000);
    if (known?.status === 200) return;
    await this.#sandbox.exec(['docker', 'load', '--quiet'], { input: await readFile(busyboxArchive()) });
  }
}
