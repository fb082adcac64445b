import { type Bed, type BedProcess, type ExecOptions, type ExecResult, waitUntil } from '@linecard/testkit';

/** Where a program of a bed runs: on its host, in the outside world, in the network namespace of a container or a named one. */
export type Place = 'host' | 'outside' | { readonly container: string } | { readonly netns: string };

/** Answers on TCP and UDP with the address of the peer that it sees. */
const server = `
  const [port] = process.argv.slice(1).map(Number);
  const { createServer } = require('node:net');
  const { createSocket } = require('node:dgram');
  const plain = (address) => address.replace(/^::ffff:/, '');
  const udp = createSocket({ type: 'udp6', reuseAddr: true });
  udp.on('message', (_, peer) => udp.send(plain(peer.address), peer.port, peer.address));
  udp.bind(port, '::', () => {
    createServer((socket) => socket.on('error', () => {}).end(plain(socket.remoteAddress))).listen(port, '::', () => console.log('listening'));
  });
`;

/** Asks once, over UDP up to five times, and prints the answer. */
const client = `
  const [protocol, host, port, timeout] = process.argv.slice(1);
  const say = (data) => { process.stdout.write(data); process.exit(0); };
  setTimeout(() => process.exit(3), Number(timeout));
  if (protocol === 'tcp') {
    const socket = require('node:net').connect({ host, port: Number(port) });
    socket.on('data', say).on('error', () => process.exit(4)).on('end', () => process.exit(4));
  } else {
    const udp = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const ask = () => udp.send('?', Number(port), host);
    udp.on('message', say).on('error', () => undefined);
    ask();
    setInterval(ask, Number(timeout) / 5);
  }
`;

async function argvAt(bed: Bed, place: Place, argv: readonly string[], namespaces = ['-n']): Promise<string[]> {
  if (place === 'host') return [...argv];
  if (place === 'outside') return ['ip', 'netns', 'exec', 'outside', ...argv];
  if ('netns' in place) return ['ip', 'netns', 'exec', place.netns, ...argv];
  const pid = await bed.docker('inspect', '--format', '{{.State.Pid}}', place.container);
  return ['nsenter', '-t', pid, ...namespaces, '--', ...argv];
}

/** Runs a program of the machine at a place, so that an image needs nothing but a shell. */
export async function runAt(
  bed: Bed,
  place: Place,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  return bed.exec(await argvAt(bed, place, argv), options);
}

/** Starts a long-running program of the machine at a place; in a container, it ends with the container. */
export async function spawnAt(bed: Bed, place: Place, argv: readonly string[]): Promise<BedProcess> {
  return bed.spawn(await argvAt(bed, place, argv, ['-n', '-p']));
}

/** Lets a place answer on a port, TCP and UDP, of all its addresses. */
export async function answerAt(bed: Bed, place: Place, port: number): Promise<BedProcess> {
  const program = await spawnAt(bed, place, ['node', '-e', server, String(port)]);
  await waitUntil(() => program.exit !== undefined || program.log().includes('listening'), {
    timeoutMs: 5000,
    what: `a server on port ${port}`,
  });
  if (program.exit !== undefined) throw new Error(`no server on port ${port}: ${program.log()}`);
  return program;
}

/** Asks `host:port` from a place: the address that the one who answers sees; undefined when nobody answers. */
export async function ask(
  bed: Bed,
  from: Place,
  protocol: 'tcp' | 'udp',
  host: string,
  port: number,
  timeoutMs = 2000,
): Promise<string | undefined> {
  const argv = ['node', '-e', client, protocol, host, String(port), String(timeoutMs)];
  const { status, stdout } = await runAt(bed, from, argv, { allowFail: true });
  return status === 0 ? stdout : undefined;
}

/** Whether a place gets an answer to one of a few pings. */
export async function pings(bed: Bed, from: Place, host: string, options: readonly string[] = []): Promise<boolean> {
  // -c with -w: it ends with the first answers, and at the latest after so many seconds.
  const argv = ['ping', '-n', '-i', '0.2', '-c', '1', '-w', '1', ...options, host];
  return (await runAt(bed, from, argv, { allowFail: true })).status === 0;
}

/** A ping that goes on, and tells afterwards which of its packets were never answered, however late others were. */
export interface Traffic {
  /** Resolves, once a packet that is sent from now on was answered, with the numbers of those before it that were not. */
  lost(): Promise<number[]>;
  stop(): Promise<unknown>;
}

/** Starts a ping from a place, five packets a second. */
export async function startTraffic(bed: Bed, from: Place, host: string): Promise<Traffic> {
  // It prints also what it has sent and has no answer to yet (-O): a late answer is not a lost one.
  const program = await spawnAt(bed, from, ['ping', '-n', '-O', '-i', '0.2', host]);
  const answered = () =>
    new Set([...program.log().matchAll(/bytes from .* icmp_seq=(\d+)/g)].map(([, n]) => Number(n)));
  const last = () => Math.max(0, ...answered());
  await waitUntil(() => last() > 0, { timeoutMs: 10_000, what: `the first answer of ${host}` });
  return {
    lost: async () => {
      const now = last();
      await waitUntil(() => last() > now + 10, { timeoutMs: 30_000, what: `${host} to answer on` });
      const seen = answered();
      return Array.from({ length: now }, (_, i) => i + 1).filter((n) => !seen.has(n));
    },
    stop: () => program.kill(),
  };
}

/** The most packets in a row that are among the lost ones. */
export function longestOutage(lost: readonly number[]): number {
  let [longest, run] = [0, 0];
  for (const [i, number] of lost.entries()) {
    run = number - 1 === lost[i - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Receives one connection and prints how many bytes came, and their digest. */
const receiver = `
  const digest = require('node:crypto').createHash('sha256'); let bytes = 0;
  require('node:net').createServer((socket) => {
    socket.on('data', (data) => { bytes += data.length; digest.update(data); });
    socket.on('error', (error) => console.log('broken', error.code));
    socket.on('end', () => { console.log('whole', bytes, digest.digest('hex')); process.exit(); });
  }).listen(Number(process.argv[1]), '::', () => console.log('listening'));
`;

/** Sends over one connection until a file comes up, and prints how many bytes went, and their digest. */
const sender = `
  const [host, port, file] = process.argv.slice(1);
  const { createHash, randomBytes } = require('node:crypto');
  const digest = createHash('sha256'); let bytes = 0;
  const socket = require('node:net').connect({ host, port: Number(port) }, () => setInterval(() => {
    if (require('node:fs').existsSync(file)) { socket.end(() => { console.log('whole', bytes, digest.digest('hex')); process.exit(); }); return; }
    if (socket.writableLength > 0) return;
    const data = randomBytes(20000);
    bytes += data.length; digest.update(data); socket.write(data);
  }, 20));
  socket.on('error', (error) => { console.log('broken', error.code); process.exit(); });
`;

/** A TCP connection over which data goes all the time. */
export interface Transfer {
  /** Ends it and tells how both ends saw it: `whole BYTES DIGEST`, or why it broke. */
  finish(): Promise<{ readonly sent: string; readonly received: string }>;
}

/** Starts to send from a place of one host to a place of another, which has the address `host`. */
export async function startTransfer(
  from: readonly [Bed, Place],
  to: readonly [Bed, Place],
  host: string,
  port: number,
): Promise<Transfer> {
  const stop = `/run/transfer-${port}.stop`;
  const target = await spawnAt(...to, ['node', '-e', receiver, String(port)]);
  await waitUntil(() => target.log().includes('listening'), { timeoutMs: 10_000, what: 'the receiver' });
  const source = await spawnAt(...from, ['node', '-e', sender, host, String(port), stop]);
  const verdict = (program: BedProcess) => /^(whole|broken) .*/m.exec(program.log())?.[0] ?? '';
  return {
    finish: async () => {
      await from[0].exec(['touch', stop]);
      const ended = () => verdict(source) !== '' && verdict(target) !== '';
      await waitUntil(ended, { timeoutMs: 60_000, what: 'the last byte of a transfer' });
      return { sent: verdict(source), received: verdict(target) };
    },
  };
}
