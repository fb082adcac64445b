import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { JsonSplitter } from '../src/framing.js';
import { OvsdbSession, Replica, type Selection, type VswitchTables, vswitch } from '../src/index.js';

/** What is of interest in a JSON-RPC message. */
export interface Message {
  readonly id: number;
  readonly method: string;
  readonly result?: unknown;
}

function onMessage(socket: Socket, listener: (message: Message) => void): void {
  const splitter = new JsonSplitter(1 << 24);
  socket.on('data', (chunk) => splitter.push(chunk, (message) => listener(message as Message)));
}

/** The columns that tests copy. */
export const columns = {
  Open_vSwitch: ['bridges', 'external_ids', 'next_cfg', 'ovs_version'],
  Bridge: ['name', 'ports', 'protocols', 'fail_mode', 'external_ids', 'flood_vlans'],
  Port: ['name', 'interfaces', 'tag', 'trunks'],
  Interface: ['name', 'type', 'external_ids', 'ofport_request'],
} as const;

/** The bridges by UUID, for comparing two copies. */
export function content(replica: Replica<VswitchTables, typeof columns>): unknown {
  return Object.fromEntries([...replica.table('Bridge')].sort());
}

const run = promisify(execFile);
const schemaFile = '/usr/share/openvswitch/vswitch.ovsschema';

/** A real ovsdb-server with an Open_vSwitch database, in a directory of its own. */
export class TestServer {
  readonly directory: string;
  readonly socket: string;
  readonly #database: string;
  readonly #clustered: boolean;
  readonly #closers: (() => Promise<void>)[] = [];
  #process: ChildProcess | undefined;

  private constructor(directory: string, clustered: boolean) {
    this.directory = directory;
    this.socket = join(directory, 'db.sock');
    this.#database = join(directory, 'conf.db');
    this.#clustered = clustered;
  }

  /** A clustered server (of one) keeps the history that `monitor_cond_since` needs to send differences only. */
  static async start(options: { clustered?: boolean } = {}): Promise<TestServer> {
    const directory = await mkdtemp(join(tmpdir(), 'ovsdb-test-'));
    const server = new TestServer(directory, options.clustered ?? false);
    await server.createDatabase();
    await server.restart();
    return server;
  }

  get endpoint(): string {
    return `unix:${this.socket}`;
  }

  /** Replaces the database by an empty one; only while the server is stopped. */
  async createDatabase(): Promise<void> {
    await rm(this.#database, { force: true });
    if (this.#clustered) {
      const address = `unix:${join(this.directory, 'raft')}`;
      await run('ovsdb-tool', ['create-cluster', this.#database, schemaFile, address]);
    } else {
      await run('ovsdb-tool', ['create', this.#database, schemaFile]);
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    const argv = [`--remote=punix:${this.socket}`, `--unixctl=${join(this.directory, 'ctl')}`, '-vconsole:off'];
    const child = spawn('ovsdb-server', [...argv, this.#database], {
      env: { ...process.env, OVS_RUNDIR: this.directory },
      stdio: 'ignore',
    });
    this.#process = child;
    const session = new OvsdbSession({ endpoint: this.endpoint, maxBackoffMs: 20 });
    session.start();
    await session.ready(10_000);
    await session.close();
  }

  /** Kills the server, as a crash would. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Breaks every connection, leaving the server as it is. */
  async hangUp(): Promise<void> {
    await run('ovs-appctl', ['-t', join(this.directory, 'ctl'), 'ovsdb-server/reconnect']);
  }

  /** Runs ovs-vsctl with the words of `command`. */
  async vsctl(command: string): Promise<string> {
    const { stdout } = await run('ovs-vsctl', [`--db=${this.endpoint}`, '--no-wait', ...command.split(' ')]);
    return stdout.trim();
  }

  /** A connected session, closed with the server. */
  async session(options: { endpoint?: string } = {}): Promise<OvsdbSession> {
    const session = new OvsdbSession({ endpoint: this.endpoint, maxBackoffMs: 50, ...options });
    this.#closers.push(() => session.close());
    session.start();
    await session.ready(10_000);
    return session;
  }

  /** A synced copy on a session of its own. */
  async replica<const C extends Selection<VswitchTables>>(columns: C): Promise<Replica<VswitchTables, C>> {
    const replica = new Replica(await this.session(), vswitch, columns);
    await replica.waitSynced(10_000);
    return replica;
  }

  /**
   * A socket in front of the server that shows each message of a client to `answer`: a reply keeps the message from
   * the server, and undefined lets it pass.
   */
  async front(answer: (message: Message) => object | undefined): Promise<string> {
    return this.#between((client, upstream) => {
      upstream.pipe(client);
      onMessage(client, (message) => {
        const reply = answer(message);
        if (reply) client.write(JSON.stringify(reply));
        else upstream.write(JSON.stringify(message));
      });
    });
  }

  /** A socket in front of the server that shows each message of the server to `see`. */
  async spy(see: (message: Message) => void): Promise<string> {
    return this.#between((client, upstream) => {
      client.pipe(upstream).pipe(client);
      onMessage(upstream, see);
    });
  }

  async #between(join: (client: Socket, upstream: Socket) => void): Promise<string> {
    const path = `${this.directory}/front-${this.#closers.length}.sock`;
    await this.listen(path, (client) => {
      const upstream = connect(this.socket);
      upstream.on('error', () => client.destroy());
      upstream.on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      join(client, upstream);
    });
    return `unix:${path}`;
  }

  /** Accepts connections on `where` (a path, or port 0 of 127.0.0.1) until the server is closed. */
  async listen(where: string | 0, onClient: (client: Socket) => void): Promise<Server> {
    const clients = new Set<Socket>();
    const server = createServer((client) => {
      clients.add(client);
      client.on('error', () => client.destroy());
      onClient(client);
    });
    if (where === 0) server.listen(0, '127.0.0.1');
    else server.listen(where);
    await once(server, 'listening');
    this.#closers.push(async () => {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    });
    return server;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
