import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import type { Sandbox } from './sandbox.js';
import { waitUntil } from './wait.js';

/** How Open vSwitch is started. */
export interface OvsOptions {
  /** Turns userspace TSO on (`other_config:userspace-tso-enable`): no checksum offload needs to be turned off then. */
  readonly tso?: boolean;
  /** `external_ids:system-id`: what this machine is called among others; `bed` by default. */
  readonly systemId?: string;
}

type Daemon = 'ovsdb-server' | 'ovs-vswitchd';

const database = '/etc/openvswitch/conf.db';
const runFolder = '/run/openvswitch';
const socket = `${runFolder}/db.sock`;

/** The signals by which the daemons of a bed are ended: politely, or as by a crash. */
export type StopSignal = 'TERM' | 'KILL';

/** Open vSwitch in a sandbox: ovsdb-server and ovs-vswitchd as daemons with their usual sockets and pid files. */
export class Ovs {
  readonly #sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** Starts what does not run. Returns when the switch has taken its configuration from the database. */
  async start(options: OvsOptions = {}): Promise<void> {
    await this.startOvsdb(options);
    await this.startVswitchd();
  }

  /** Starts ovsdb-server, on an empty database when there is none. Returns when it answers. */
  async startOvsdb(options: OvsOptions = {}): Promise<void> {
    if (await this.#running('ovsdb-server')) return;
    if (!existsSync(this.#sandbox.path(database))) {
      await this.#sandbox.exec(['ovsdb-tool', 'create', database, '/usr/share/openvswitch/vswitch.ovsschema']);
    }
    await mkdir(this.#sandbox.path(runFolder), { recursive: true });
    await this.#daemon('ovsdb-server', [
      database,
      `--remote=punix:${socket}`,
      '--remote=db:Open_vSwitch,Open_vSwitch,manager_options',
    ]);
    await this.#describeSystem(options);
  }

  /** Starts ovs-vswitchd, for userspace datapaths only. Returns when it has taken its configuration. */
  async startVswitchd(): Promise<void> {
    if (await this.#running('ovs-vswitchd')) return;
    await this.#daemon('ovs-vswitchd', ['--disable-system', `unix:${socket}`]);
  }

  /** Ends one of the two and waits until it is gone. */
  async stop(daemon: Daemon, signal: StopSignal): Promise<void> {
    const pid = await this.#pid(daemon);
    if (pid === undefined || !this.#sandbox.alive(pid)) return;
    await this.#sandbox.exec(['kill', `-${signal}`, pid]);
    await waitUntil(() => !this.#sandbox.alive(pid), { timeoutMs: 30_000, what: `${daemon} to end after ${signal}` });
  }

  /** Puts an empty database in the place of the present one while ovs-vswitchd runs on. */
  async emptyDatabase(): Promise<void> {
    await this.stop('ovsdb-server', 'TERM');
    await rm(this.#sandbox.path(database), { force: true });
    await this.startOvsdb();
  }

  /** Writes what ovs-ctl writes at a machine's start. */
  async #describeSystem(options: OvsOptions): Promise<void> {
    const { stdout } = await this.#sandbox.exec(['ovs-vswitchd', '--version']);
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0];
    const settings = [
      ...(version === undefined ? [] : [`ovs-version=${version}`]),
      ...(options.tso === undefined ? [] : [`other_config:userspace-tso-enable=${options.tso}`]),
      'external-ids:hostname=bed',
      `external-ids:system-id=${options.systemId ?? 'bed'}`,
    ];
    const set = ['--', 'init', '--', 'set', 'Open_vSwitch', '.', ...settings];
    await this.#sandbox.exec(['ovs-vsctl', '--timeout=10', '--no-wait', ...set]);
  }

  async #daemon(daemon: Daemon, args: readonly string[]): Promise<void> {
    // A detaching daemon of Open vSwitch returns when it is ready.
    const log = `--log-file=/var/log/openvswitch/${daemon}.log`;
    await this.#sandbox.exec([daemon, ...args, '-vconsole:off', '-vfile:info', log, '--pidfile', '--detach']);
  }

  async #pid(daemon: Daemon): Promise<string | undefined> {
    const file = this.#sandbox.path(`${runFolder}/${daemon}.pid`);
    const text = await readFile(file, 'utf8').catch(() => '');
    return text.trim() === '' ? undefined : text.trim();
  }

  async #running(daemon: Daemon): Promise<boolean> {
    const pid = await this.#pid(daemon);
    return pid !== undefined && this.#sandbox.alive(pid);
  }
}
