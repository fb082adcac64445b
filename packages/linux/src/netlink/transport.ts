import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { KernelError } from './kernel-error.js';

/** Where requests go and answers come from. A transport never calls back from inside `send`. */
export interface Transport {
  send(bytes: Uint8Array): void;
  /** Keeps the process alive, or lets it end, while nothing else does. */
  hold(alive: boolean): void;
  /** Resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

/** What a transport reports. */
export interface TransportEvents {
  datagram(bytes: Uint8Array): void;
  /** One datagram could not be sent or did not fit; the transport goes on. */
  failure(error: Error): void;
}

/** Netlink protocols (linux/netlink.h). */
export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;

/** The kernel fills the buffers of a dump up to 32 KiB; anything else is far smaller. */
export const DATAGRAM_MAX = 32768;
/** Options of a request socket; of the buffer sizes the kernel takes at most net.core.rmem_max and wmem_max. */
export const socketOptions = {
  messagePeeking: false,
  msgBufferSize: DATAGRAM_MAX,
  recvBufferSize: 1 << 20,
  sendBufferSize: 1 << 20,
} as const;

/**
 * A netlink socket of this thread. `send` runs the request inside the kernel before it returns, so a request that
 * makes the kernel wait (deleting a link) blocks this thread.
 */
export function openSocket(protocol: number, events: TransportEvents): Transport {
  const socket = open(protocol);
  let closed = false;
  // An exception out of a native callback would abort the process.
  const guarded = (report: () => void) => {
    try {
      if (!closed) report();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  const onError = (error: NodeJS.ErrnoException) => guarded(() => events.failure(asKernelError(error)));
  socket.on('message', (bytes) => guarded(() => events.datagram(bytes)));
  socket.on('truncatedMessage', (bytes) =>
    guarded(() => events.failure(new KernelError(`a netlink datagram above ${bytes.length} bytes`, 'EMSGSIZE'))),
  );
  socket.on('error', onError as never);
  socket.unref();
  return {
    send(bytes) {
      socket.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {}, (error) => {
        if (error) onError(error as unknown as NodeJS.ErrnoException);
      });
    },
    hold(alive) {
      if (closed) return;
      if (alive) socket.ref();
      else socket.unref();
    },
    async close() {
      if (closed) return;
      closed = true;
      // Closing inside a callback of the native socket would free what the callback still uses.
      await new Promise((resolve) => setImmediate(resolve));
      socket.close();
    },
  };
}

function open(protocol: number): RawNetlinkSocket {
  try {
    return new RawNetlinkSocket(protocol, socketOptions);
  } catch (error) {
    throw asKernelError(error as NodeJS.ErrnoException);
  }
}

function asKernelError(error: NodeJS.ErrnoException): Error {
  return new KernelError(`netlink socket (${error.syscall ?? error.message})`, error.code ?? 'EIO', error);
}
