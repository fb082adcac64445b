import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DockerControl, DockerEngine } from '@linecard/docker';
import { LinkReaper, Netlink } from '@linecard/linux';
import { OpenvSwitch, runDirectoryOf } from '@linecard/switch';

/** Where Docker and Open vSwitch are, and which files of the host are kept up to date. */
export interface WorldOptions {
  readonly docker?: string | undefined;
  readonly ovsdb?: string | undefined;
  /** The hosts file; `/etc/hosts`. */
  readonly hostsFile?: string;
  /** The folder for ssh client settings; `/etc/ssh/ssh_config.d`, used only when it is there. */
  readonly sshFolder?: string;
}

/** How long Open vSwitch may take to answer. */
const switchTimeoutMs = 10_000;

/** The host that labs are deployed on. */
export class World {
  readonly engine: DockerEngine;
  readonly control: DockerControl;
  readonly netlink = Netlink.open();
  readonly reaper = new LinkReaper();
  readonly hostsFile: string;
  readonly sshFolder: string;
  /** What tells this host from all others (machine-id(5)). */
  readonly hostId = readMachineId();
  readonly #ovsdb: string;
  #switch: OpenvSwitch | undefined;

  constructor(options: WorldOptions = {}) {
    const address = { timeoutMs: 60_000, ...(options.docker === undefined ? {} : { socketPath: options.docker }) };
    this.engine = new DockerEngine(address);
    this.control = new DockerControl(address);
    this.hostsFile = options.hostsFile ?? '/etc/hosts';
    this.sshFolder = options.sshFolder ?? '/etc/ssh/ssh_config.d';
    this.#ovsdb = options.ovsdb ?? 'unix:/run/openvswitch/db.sock';
  }

  /** Whether there is an Open vSwitch: without its socket there is none to wait for. */
  get hasOpenvswitch(): boolean {
    return !this.#ovsdb.startsWith('unix:') || existsSync(this.#ovsdb.slice('unix:'.length));
  }

  /** Where Open vSwitch has its sockets. */
  get runDirectory(): string {
    return runDirectoryOf(this.#ovsdb);
  }

  /** Open vSwitch, connected when it is first needed. Throws `LC_OVSDB_UNREACHABLE`. */
  async openvswitch(timeoutMs = switchTimeoutMs): Promise<OpenvSwitch> {
    if (this.#switch === undefined) {
      this.#switch = new OpenvSwitch({ endpoint: this.#ovsdb });
      this.#switch.start();
    }
    await this.#switch.whenReady(timeoutMs);
    return this.#switch;
  }

  async close(): Promise<void> {
    this.engine.close();
    this.control.close();
    this.netlink.close();
    await Promise.all([this.reaper.close(), this.#switch?.close()]);
  }
}

function readMachineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch {
    return hostname();
  }
}
