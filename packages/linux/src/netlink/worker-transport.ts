import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { KernelError } from './kernel-error.js';
import { socketOptions, type Transport, type TransportEvents } from './transport.js';

/** In MB: the thread passes small messages on and keeps none. With Node's own limits it would hold on to several more. */
const heapLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 } as const;

type FromWorker = { readonly bytes: Uint8Array } | { readonly errno: string };

/**
 * A netlink socket in a thread of its own, for requests that make the kernel wait. The thread starts with the first
 * request, and again after it died, which the request under way gets to know as a failure. Close it before
 * `process.exit`: a thread that is stopped while it receives aborts in the native code of the npm package `netlink`.
 */
export function openWorkerSocket(protocol: number, events: TransportEvents): Transport {
  let worker: Worker | undefined;
  let held = false;
  let closed = false;

  function start(): Worker {
    const started = new Worker(new URL('./socket-worker.js', import.meta.url), {
      workerData: { protocol, options: socketOptions },
      resourceLimits: heapLimits,
    });
    const ended = (why: unknown) => {
      if (worker !== started || closed) return;
      worker = undefined;
      events.failure(new KernelError('the thread of a netlink socket ended', 'ECONNRESET', why));
    };
    started.on('message', (message: FromWorker) => {
      if (closed) return;
      if ('bytes' in message) events.datagram(message.bytes);
      else events.failure(new KernelError('netlink socket in a thread', message.errno));
    });
    started.on('error', ended);
    started.on('exit', ended);
    return started;
  }

  return {
    send(bytes) {
      if (closed) return;
      worker ??= start();
      if (held) worker.ref();
      else worker.unref();
      worker.postMessage(bytes);
    },
    hold(alive) {
      held = alive;
      if (alive) worker?.ref();
      else worker?.unref();
    },
    async close() {
      if (closed) return;
      closed = true;
      if (worker === undefined) return;
      const exited = once(worker, 'exit');
      worker.ref();
      worker.postMessage('close');
      await exited;
    },
  };
}
