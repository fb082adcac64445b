import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Northbound } from '../src/index.js';

const run = promisify(execFile);
const schema = '/usr/share/ovn/ovn-nb.ovsschema';
const southboundSchema = '/usr/share/ovn/ovn-sb.ovsschema';

/** One member of a northbound database, or all of it: a real ovsdb-server in a directory of its own. */
export class NorthboundServer {
  readonly directory: string;
  readonly #clients: Northbound[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A database on its own. */
  static async start(): Promise<NorthboundServer> {
    const server = await NorthboundServer.#make();
    await run('ovsdb-tool', ['create', server.#path('nb.db'), schema]);
    await server.restart();
    return server;
  }

  /** A southbound database, in which tests play the chassis. */
  static async southbound(): Promise<NorthboundServer> {
    const server = await NorthboundServer.#make();
    await run('ovsdb-tool', ['create', server.#path('nb.db'), southboundSchema]);
    await server.restart();
    return server;
  }

  /** A cluster of `size` members, all of which have joined. */
  static async cluster(size: number): Promise<NorthboundServer[]> {
    const members = await Promise.all(Array.from({ length: size }, () => NorthboundServer.#make()));
    const [first, ...others] = members.map((member) => `unix:${member.#path('raft')}`);
    await run('ovsdb-tool', ['create-cluster', members[0]!.#path('nb.db'), schema, first!]);
    for (const [i, local] of others.entries()) {
      const member = members[i + 1]!;
      await run('ovsdb-tool', ['join-cluster', member.#path('nb.db'), 'OVN_Northbound', local, first!]);
    }
    for (const member of members) await member.restart();
    for (const { socket } of members) await run('ovsdb-client', ['wait', socket, 'OVN_Northbound', 'connected']);
    return members;
  }

  static async #make(): Promise<NorthboundServer> {
    return new NorthboundServer(await mkdtemp(join(tmpdir(), 'ovn-test-')));
  }

  get socket(): string {
    return `unix:${this.#path('db.sock')}`;
  }

  /** Starts ovsdb-server on the database as it is. */
  async restart(): Promise<void> {
    await run('ovsdb-server', [
      ...[this.#path('nb.db'), `--remote=p${this.socket}`, `--unixctl=${this.#path('ctl')}`],
      ...[`--pidfile=${this.#path('pid')}`, `--log-file=${this.#path('log')}`, '--detach', '-vconsole:off'],
    ]);
  }

  /** `leader`, `follower` or `candidate`. */
  async role(): Promise<string> {
    const { stdout } = await run('ovs-appctl', ['-t', this.#path('ctl'), 'cluster/status', 'OVN_Northbound']);
    return /^Role: (\w+)$/m.exec(stdout)?.[1] ?? 'unknown';
  }

  /** Kills ovsdb-server as a crash does, or with another signal. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = Number(await readFile(this.#path('pid'), 'utf8').catch(() => '0'));
    if (pid > 0) process.kill(pid, signal);
    if (signal !== 'SIGKILL') return;
    await rm(this.#path('pid'), { force: true });
    // A process that is dying still takes connections.
    while (pid > 0 && (await this.#accepts())) await nextTurn();
  }

  /** Whether somebody listens on the socket. */
  #accepts(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#path('db.sock'), () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });
  }

  /** Runs ovn-nbctl and returns its trimmed output. */
  async nbctl(...args: readonly string[]): Promise<string> {
    const all = ['--timeout=10', `--db=${this.socket}`, '--no-leader-only', ...args];
    return (await run('ovn-nbctl', all)).stdout.trim();
  }

  /** Writes what the database holds into a file, as an operator's backup does. */
  async backup(): Promise<void> {
    await this.#shell(`ovsdb-client backup ${this.socket} OVN_Northbound > ${this.#path('backup')}`);
  }

  /** Replaces what the database holds by the last backup. */
  async restore(): Promise<void> {
    await this.#shell(`ovsdb-client restore ${this.socket} OVN_Northbound < ${this.#path('backup')}`);
  }

  async #shell(command: string): Promise<void> {
    await run('sh', ['-c', command]);
  }

  /** A client whose copy is up to date. */
  async client(endpoint = this.socket): Promise<Northbound> {
    const client = new Northbound({ endpoint });
    this.#clients.push(client);
    client.start();
    await client.whenReady(10_000);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}
