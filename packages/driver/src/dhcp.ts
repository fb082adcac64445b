import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { checkInterfaceName, type Netlink } from '@linecard/linux';
import { insideLink } from './inside.js';
import type { Lease, Port } from './records.js';

const script = fileURLToPath(new URL('../assets/udhcpc.sh', import.meta.url));
const firstRetryMs = 1000;
const longestRetryMs = 60_000;
const releaseMs = 2000;

interface Client {
  readonly port: Port;
  /** What it holds; the next client asks for the same address. */
  lease: Lease | undefined;
  child?: ChildProcess;
  retry?: NodeJS.Timeout;
  retryMs: number;
  starting: boolean;
}

/** What the clients tell. */
export interface DhcpHooks {
  readonly onLease: (portId: string, lease: Lease | undefined) => void;
  readonly onError: (what: string, error: unknown) => void;
}

/** One line of the script: `lease EVENT [IP MASK [ROUTER [SERVER [SECONDS]]]]`. */
export function readLeaseLine(line: string, now: Date): Lease | 'none' | undefined {
  const [mark, event, ip, prefix, ...rest] = line.trim().split(' ');
  if (mark !== 'lease') return undefined;
  if (event === 'deconfig') return 'none';
  const seconds = Number(rest.at(-1));
  if (!/^\d+(\.\d+){3}$/.test(ip ?? '') || !/^\d{1,2}$/.test(prefix ?? '') || !(seconds > 0)) return undefined;
  const [router, server] = rest.length === 3 ? rest : [undefined, rest[0]];
  return {
    address: `${ip}/${prefix}`,
    ...(router === undefined ? {} : { router }),
    ...(server === undefined || rest.length < 2 ? {} : { server }),
    seconds,
    since: now.toISOString(),
  };
}

/** When a lease ends, in seconds since 1970; 0 without one. */
function leaseEnd(lease: Lease | undefined): number {
  return lease === undefined ? 0 : Math.floor(Date.parse(lease.since) / 1000) + lease.seconds;
}

/**
 * DHCP clients of containers: busybox udhcpc in the container's network namespace, but outside of its PID namespace,
 * so that the container neither sees it nor needs a privilege. A client dies with this process; the next one starts it
 * again and asks for the address that the container still has.
 */
export class DhcpClients {
  readonly #net: Netlink;
  readonly #hooks: DhcpHooks;
  readonly #clients = new Map<string, Client>();

  constructor(net: Netlink, hooks: DhcpHooks) {
    this.#net = net;
    this.#hooks = hooks;
  }

  /** Wants a lease for a port that has joined a namespace; the client runs once the interface is up there. */
  start(port: Port): void {
    this.stop(port.id);
    this.#clients.set(port.id, { port, lease: port.lease, retryMs: firstRetryMs, starting: false });
    this.linkUp(port.id);
  }

  /** The link of a port may have come up: time to run a client that waits for it. */
  linkUp(id: string): void {
    const client = this.#clients.get(id);
    if (client === undefined || client.child !== undefined || client.starting) return;
    client.starting = true;
    this.#run(client)
      .catch((error: unknown) => {
        this.#hooks.onError(`DHCP client of ${client.port.link}`, error);
        this.#later(client);
      })
      .finally(() => {
        client.starting = false;
      });
  }

  async #run(client: Client): Promise<void> {
    const { port } = client;
    const inside = await insideLink(this.#net, port);
    if (inside === undefined || this.#clients.get(port.id) !== client) return;
    const last = client.lease?.address.split('/')[0];
    const argv = [
      '--pdeathsig',
      'KILL',
      'nsenter',
      `--net=${inside.netnsPath}`,
      '--',
      'busybox',
      'udhcpc',
      '-f',
      '-R',
      '-i',
      checkInterfaceName(inside.link.name),
      '-s',
      script,
      ...(last === undefined ? [] : ['-r', last]),
      ...(port.container === undefined ? [] : ['-x', `hostname:${port.container.name}`]),
    ];
    const env = { ...process.env, LINECARD_LEASE_END: String(leaseEnd(client.lease)) };
    this.#follow(client, spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'ignore'], env }));
  }

  #follow(client: Client, child: ChildProcess): void {
    client.child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const lease = readLeaseLine(line, new Date());
      if (lease === undefined || this.#clients.get(client.port.id) !== client) return;
      client.retryMs = firstRetryMs;
      client.lease = lease === 'none' ? undefined : lease;
      this.#hooks.onLease(client.port.id, client.lease);
    });
    child.on('error', (error) => this.#hooks.onError('run busybox udhcpc', error));
    child.on('close', () => {
      delete client.child;
      if (this.#clients.get(client.port.id) === client) this.#later(client);
    });
  }

  #later(client: Client): void {
    client.retry = setTimeout(() => this.linkUp(client.port.id), client.retryMs);
    client.retryMs = Math.min(client.retryMs * 2, longestRetryMs);
  }

  /** Gives the address back to the server and ends the client, within two seconds. */
  async release(id: string): Promise<void> {
    const client = this.#clients.get(id);
    this.#clients.delete(id);
    clearTimeout(client?.retry);
    const child = client?.child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      const impatient = setTimeout(() => child.kill('SIGKILL'), releaseMs);
      child.once('close', () => {
        clearTimeout(impatient);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  /** Ends a client without a word to the server. */
  stop(id: string): void {
    const client = this.#clients.get(id);
    this.#clients.delete(id);
    clearTimeout(client?.retry);
    client?.child?.kill('SIGKILL');
  }

  close(): void {
    for (const id of [...this.#clients.keys()]) this.stop(id);
  }
}
