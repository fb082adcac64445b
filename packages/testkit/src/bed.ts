import { readFile } from 'node:fs/promises';
import { type DaemonOptions, daemonLog, linecardMain, startDaemon } from './daemon.js';
import { Docker, type DockerOptions } from './docker.js';
import { sweepDeadBeds } from './leftovers.js';
import { Ovs, type OvsOptions, type StopSignal } from './ovs.js';
import type { BedProcess, ExecOptions, ExecResult, Exit } from './process.js';
import { Sandbox, type SpawnOptions } from './sandbox.js';
import { type BedLink, readLinks, type Snapshot, takeSnapshot } from './snapshot.js';
import { Systemd, systemdInit } from './systemd.js';
import { addUplink, outsideArgv } from './uplink.js';

/** Characters that {@link Bed.logs} shows of each log. */
const longestLog = 6000;

/** What a new bed already has when {@link Bed.create} returns; nothing but `lo` by default. */
export interface BedOptions {
  /** Open vSwitch, running. */
  readonly ovs?: boolean | OvsOptions;
  /** dockerd, running, with the image `busybox`. */
  readonly docker?: boolean | DockerOptions;
  /** The outside world, see {@link Bed.addUplink}. */
  readonly uplink?: boolean;
  /**
   * systemd, as the bed's first process, with these of the machine's units enabled. Instead of `ovs` and `docker`,
   * whose daemons are its own business then.
   */
  readonly systemd?: readonly string[];
}

/**
 * A machine for one test: private namespaces with an own /run, /etc/docker, /etc/openvswitch, /var/lib/docker,
 * /var/lib/openvswitch and /var/log/openvswitch, in which real Open vSwitch and Docker daemons run. Nothing in a bed
 * can reach the machine's network, and all processes of a bed die with the test process.
 */
export class Bed {
  readonly #sandbox: Sandbox;
  readonly #systemd: Systemd | undefined;
  readonly #ovs: Ovs;
  readonly #docker: Docker;
  #daemon: BedProcess | undefined;
  #hasUplink = false;

  private constructor({ systemd }: BedOptions) {
    this.#sandbox = new Sandbox(systemd === undefined ? undefined : systemdInit);
    this.#systemd = systemd === undefined ? undefined : new Systemd(this.#sandbox, systemd);
    this.#ovs = new Ovs(this.#sandbox);
    this.#docker = new Docker(this.#sandbox);
  }

  /** Makes a bed, after removing what beds of killed test processes have left. */
  static async create(options: BedOptions = {}): Promise<Bed> {
    await sweepDeadBeds();
    const bed = new Bed(options);
    try {
      await bed.#start();
      if (options.uplink === true) await bed.addUplink();
      const { ovs, docker } = options;
      await Promise.all([
        ovs !== undefined && ovs !== false && bed.startOvs(ovs === true ? {} : ovs),
        docker !== undefined && docker !== false && bed.#dockerWithImage(docker === true ? {} : docker),
      ]);
      return bed;
    } catch (error) {
      await bed.destroy();
      throw error;
    }
  }

  /** Kills all processes and removes all that the bed has left on the machine. May be called again. */
  destroy(): Promise<void> {
    return this.#sandbox.destroy();
  }

  /** The bed's name, unique on the machine: for {@link hostFootprint}. */
  get name(): string {
    return this.#sandbox.name;
  }

  /** The pid of the bed's first process as seen from outside: its namespaces are at `/proc/PID/ns`. */
  get pid(): number {
    return this.#sandbox.pid;
  }

  /** Where a path within one of the bed's own folders is found from outside, for example its unix sockets. */
  path(inside: string): string {
    return this.#sandbox.path(inside);
  }

  /**
   * Runs a program in the bed.
   *
   * @throws LC_COMMAND with its stderr when it fails, LC_TIMEOUT when it was killed for lasting too long
   */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.#sandbox.exec(argv, options);
  }

  /** Starts a long-running program in the bed. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): BedProcess {
    return this.#sandbox.spawn(argv, options);
  }

  /**
   * Cuts the power and turns it on again: all processes are killed, network interfaces, packet filters and the contents
   * of /run are gone, databases, images and containers are kept. The uplink comes back as network configuration does;
   * daemons must be started again, unless systemd does that. {@link pid} changes.
   */
  async reboot(): Promise<void> {
    await this.#sandbox.kill();
    await this.#sandbox.wipeRun();
    await this.#start();
    if (this.#hasUplink) await addUplink(this.#sandbox);
  }

  /** Has systemd end everything in order, as before power goes off; {@link reboot} turns it on again. */
  async shutDown(): Promise<void> {
    await this.#systemd?.shutDown();
  }

  /** Starts ovsdb-server and ovs-vswitchd, or the one of them that does not run. */
  startOvs(options: OvsOptions = {}): Promise<void> {
    return this.#ovs.start(options);
  }

  /** Starts ovsdb-server alone. */
  startOvsdb(): Promise<void> {
    return this.#ovs.startOvsdb();
  }

  /** Starts ovs-vswitchd alone. */
  startVswitchd(): Promise<void> {
    return this.#ovs.startVswitchd();
  }

  /** Ends ovsdb-server. */
  stopOvsdb(signal: StopSignal = 'TERM'): Promise<void> {
    return this.#ovs.stop('ovsdb-server', signal);
  }

  /** Ends ovs-vswitchd. After KILL its ports stay in the kernel. */
  stopVswitchd(signal: StopSignal = 'TERM'): Promise<void> {
    return this.#ovs.stop('ovs-vswitchd', signal);
  }

  /** Replaces the database by an empty one while ovs-vswitchd runs on. */
  emptyDatabase(): Promise<void> {
    return this.#ovs.emptyDatabase();
  }

  /** Runs ovs-vsctl and returns its trimmed output. */
  vsctl(...args: readonly string[]): Promise<string> {
    return this.#output(['ovs-vsctl', '--timeout=15', ...args]);
  }

  /** Runs ovs-ofctl and returns its trimmed output. */
  ofctl(...args: readonly string[]): Promise<string> {
    return this.#output(['ovs-ofctl', '--timeout=15', ...args]);
  }

  /** Runs ovs-appctl and returns its trimmed output. */
  appctl(...args: readonly string[]): Promise<string> {
    return this.#output(['ovs-appctl', '--timeout=15', ...args]);
  }

  /** Starts dockerd. */
  startDocker(options: DockerOptions = {}): Promise<void> {
    return this.#docker.start(options);
  }

  /** Ends dockerd: with TERM also the containers (unless live-restore), with KILL only dockerd and its containerd. */
  stopDocker(signal: StopSignal = 'TERM'): Promise<void> {
    return this.#docker.stop(signal);
  }

  /** The end of what each daemon has logged: what one wants to see when a test has failed. */
  async logs(): Promise<string> {
    const ovsLogs = ['ovsdb-server', 'ovs-vswitchd'].map((name) => `/var/log/openvswitch/${name}.log`);
    const ovnLogs = ['ovn-controller', 'ovn-northd'].map((name) => `/var/log/ovn/${name}.log`);
    const sections = [daemonLog, ...ovsLogs, ...ovnLogs].map(async (path): Promise<[string, string]> => {
      return [path, await readFile(this.path(path), 'utf8').catch(() => '')];
    });
    const journal = (await this.#systemd?.journal().catch(() => '')) ?? '';
    return [...(await Promise.all(sections)), ['dockerd', this.#docker.log()] as const, ['journal', journal] as const]
      .filter(([, text]) => text !== '')
      .map(([title, text]) => `--- ${title} ---\n${text.slice(-longestLog)}`)
      .join('\n');
  }

  /** Runs the docker command and returns its trimmed output. @throws LC_COMMAND with its stderr */
  docker(...args: readonly string[]): Promise<string> {
    return this.#output(['docker', ...args], 60_000);
  }

  /** Loads the image `busybox`, so that `docker run busybox` works. */
  image(): Promise<void> {
    return this.#docker.loadImage();
  }

  /** Starts the daemon under test. Its output is appended to `path('/run/linecard.log')`. */
  async daemon(options: DaemonOptions = {}): Promise<BedProcess> {
    this.#daemon = await startDaemon(this.#sandbox, options);
    return this.#daemon;
  }

  /** Ends the daemon under test and tells how it ended; undefined when it was never started. */
  async killDaemon(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit | undefined> {
    return this.#daemon?.kill(signal);
  }

  /** Runs the built `linecard` command and returns its trimmed output. */
  linecard(...args: readonly string[]): Promise<string> {
    return this.#output(['node', linecardMain, ...args]);
  }

  /** Joins the bed to a second network namespace, the outside world; the addresses are those of {@link uplink}. */
  async addUplink(): Promise<void> {
    await addUplink(this.#sandbox);
    this.#hasUplink = true;
  }

  /** Runs a program in the outside world. */
  outside(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.#sandbox.exec(outsideArgv(argv), options);
  }

  /** Starts a long-running program in the outside world. */
  spawnOutside(argv: readonly string[], options: SpawnOptions = {}): BedProcess {
    return this.#sandbox.spawn(outsideArgv(argv), options);
  }

  /** The bed's network interfaces, without those that a daemon has made in advance. */
  links(): Promise<BedLink[]> {
    return readLinks(this.#sandbox);
  }

  /** The command lines of all processes in the bed, containers included. */
  processes(): Promise<string[]> {
    return this.#sandbox.processes();
  }

  /** What the bed holds now, to be compared with another moment. */
  snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.#sandbox);
  }

  /** Makes the namespaces and, with systemd, waits until it has started what it is to start. */
  async #start(): Promise<void> {
    await this.#systemd?.enableUnits();
    await this.#sandbox.start();
    await this.#systemd?.booted();
  }

  async #dockerWithImage(options: DockerOptions): Promise<void> {
    await this.#docker.start(options);
    await this.#docker.loadImage();
  }

  async #output(argv: readonly string[], timeoutMs = 30_000): Promise<string> {
    return (await this.#sandbox.exec(argv, { timeoutMs })).stdout.trim();
  }
}
