import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { LinecardError } from '@linecard/wire';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { type Address, decodeAddress } from './address.js';
import { decodeLink, type Link } from './link.js';
import { joinBytes } from './netlink/attributes.js';
import { decodeFrames, type Frame, wholeFrames } from './netlink/frame.js';
import { KernelError } from './netlink/kernel-error.js';
import { RTM, RTNLGRP } from './netlink/rtnetlink.js';
import { DATAGRAM_MAX, NETLINK_ROUTE, socketOptions } from './netlink/transport.js';

const RECEIVE_BUFFER = 4 << 20;

/** A change of the network configuration. After `overrun` events were lost: read all that matters again. */
export type WatchEvent =
  | { readonly kind: 'link'; readonly change: 'new' | 'delete'; readonly link: Link }
  | { readonly kind: 'address'; readonly change: 'new' | 'delete'; readonly address: Address }
  | { readonly kind: 'overrun' }
  | { readonly kind: 'failed'; readonly error: LinecardError };

const decoders: Readonly<Record<number, (payload: Uint8Array) => WatchEvent | undefined>> = {
  [RTM.NEWLINK]: (payload) => ({ kind: 'link', change: 'new', link: decodeLink(payload) }),
  [RTM.DELLINK]: (payload) => ({ kind: 'link', change: 'delete', link: decodeLink(payload) }),
  [RTM.NEWADDR]: (payload) => addressEvent('new', payload),
  [RTM.DELADDR]: (payload) => addressEvent('delete', payload),
};

function addressEvent(change: 'new' | 'delete', payload: Uint8Array): WatchEvent | undefined {
  const address = decodeAddress(payload);
  return address === undefined ? undefined : { kind: 'address', change, address };
}

/** What a notification of the kernel says; undefined for what nobody watches. */
export function decodeEvent(frame: Frame): WatchEvent | undefined {
  const isLink = frame.type === RTM.NEWLINK || frame.type === RTM.DELLINK;
  // With a family these tell of the port of a bridge: RTM_DELLINK then means that it left the bridge.
  return isLink && frame.payload[0] !== 0 ? undefined : decoders[frame.type]?.(frame.payload);
}

/** A stream of netlink messages cut at arbitrary places. */
export class EventStream {
  #rest: Uint8Array = new Uint8Array(0);

  /** The events that are complete with these bytes. Throws `LC_PROTOCOL`. */
  push(chunk: Uint8Array): WatchEvent[] {
    const bytes = this.#rest.length === 0 ? chunk : joinBytes([this.#rest, chunk]);
    const end = wholeFrames(bytes, DATAGRAM_MAX);
    this.#rest = bytes.slice(end);
    return decodeFrames(bytes.subarray(0, end)).flatMap((frame) => decodeEvent(frame) ?? []);
  }
}

/** How a subscription is made. */
export interface WatchOptions {
  /** SO_RCVBUF in bytes (4 MiB); the kernel takes at most net.core.rmem_max of it. */
  readonly receiveBuffer?: number;
}

const RETRY_MS = { first: 100, longest: 5000 };

/**
 * Subscribes to links and addresses. The messages are pumped by a child process, `dd`, which inherits the netlink
 * socket: when the kernel drops messages (ENOBUFS), the socket of the npm package `netlink` aborts the whole process,
 * as libuv reports the error in a way that it does not expect. dd ends instead, and `overrun` is reported once a new
 * subscription is in place. `setpriv` lets dd end with this process.
 */
export function watchNetlink(listener: (event: WatchEvent) => void, options: WatchOptions = {}): () => void {
  let stopped = false;
  let retryMs = RETRY_MS.first;
  let retry: NodeJS.Timeout | undefined;
  let pump = start();

  function start(): ChildProcess {
    const child = startPump(options.receiveBuffer ?? RECEIVE_BUFFER);
    const stream = new EventStream();
    let complaint = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      retryMs = RETRY_MS.first;
      try {
        for (const event of stream.push(chunk)) if (!stopped) listener(event);
      } catch (error) {
        complaint = String(error);
        child.kill('SIGKILL');
      }
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-500);
    });
    child.on('error', (error) => ended(error.message));
    child.on('close', () => ended(complaint));
    return child;
  }

  function ended(complaint: string): void {
    if (stopped || retry !== undefined) return;
    if (!complaint.includes('No buffer space')) listener({ kind: 'failed', error: pumpError(complaint) });
    retry = setTimeout(() => {
      retry = undefined;
      restart();
    }, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MS.longest);
  }

  function restart(): void {
    try {
      pump = start();
      listener({ kind: 'overrun' });
    } catch (error) {
      ended(String(error));
    }
  }

  return () => {
    stopped = true;
    clearTimeout(retry);
    pump.kill('SIGKILL');
  };
}

/** Starts dd with a subscribed socket as its standard input; this process keeps no copy of the socket. */
function startPump(receiveBuffer: number): ChildProcess {
  const socket = new RawNetlinkSocket(NETLINK_ROUTE, { ...socketOptions, recvBufferSize: receiveBuffer });
  try {
    for (const group of Object.values(RTNLGRP)) socket.addMembership(group);
    const fd = descriptorOf(socket.address().port);
    // Node puts the first three descriptors of a child into blocking mode, which dd needs.
    return spawn('setpriv', ['--pdeathsig', 'KILL', 'dd', 'bs=65536', 'status=none'], {
      stdio: [fd, 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
  } finally {
    socket.close();
  }
}

/** The descriptor of the rtnetlink socket bound to `port`, found by its inode: the package does not tell it. */
function descriptorOf(port: number): number {
  const rows = readFileSync('/proc/self/net/netlink', 'utf8').split('\n');
  const row = rows.map((line) => line.trim().split(/\s+/)).find((cells) => cells[1] === '0' && cells[2] === `${port}`);
  const wanted = `socket:[${row?.[9]}]`;
  const fd = readdirSync('/proc/self/fd').find((name) => linkTarget(`/proc/self/fd/${name}`) === wanted);
  if (fd === undefined) throw new KernelError('find the descriptor of a netlink socket', 'ENOENT');
  return Number(fd);
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // The descriptor that listed the directory is gone by now.
    return undefined;
  }
}

function pumpError(complaint: string): LinecardError {
  return new LinecardError('LC_COMMAND', `watching the network configuration: ${complaint.trim() || 'dd ended'}`, {
    hint: 'dd (coreutils) and setpriv (util-linux) are needed',
  });
}
