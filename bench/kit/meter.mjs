// Loaded into the daemon by `node --import`: tells, on a socket of its own, how much processor time the daemon's thread
// has used, and how much of that went into the kernel while it sent: netlink executes requests on the spot, and a
// write to a socket wakes who waits for it, which takes the longer the busier the machine is.
import { openSync, readSync } from 'node:fs';
import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';

const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`);
const text = Buffer.alloc(64);

/**
 * Exact to the nanosecond, where getrusage counts all threads, the compiler's and the collector's too. But the kernel
 * brings the number up to date only when it switches tasks, at its ticks, and when somebody asks by getrusage.
 */
function cpuMs() {
  process.cpuUsage();
  const length = readSync(schedstat, text, 0, text.length, 0);
  return Number.parseInt(text.latin1Slice(0, length), 10) / 1e6;
}

let kernelMs = 0;

/** Counts what a method takes as the kernel's. */
function countAsKernel(prototype, name) {
  const method = prototype[name];
  prototype[name] = function (...args) {
    const before = cpuMs();
    try {
      return method.apply(this, args);
    } finally {
      kernelMs += cpuMs() - before;
    }
  };
}

function start() {
  countAsKernel(RawNetlinkSocket.prototype, 'send');
  const server = createServer((socket) => {
    socket.on('data', () => void socket.write(`${JSON.stringify({ cpuMs: cpuMs(), kernelMs })}\n`));
  });
  server.listen(process.env.LINECARD_BENCH_METER).unref();
  // What all sockets of Node.js write with.
  const streams = Object.getPrototypeOf(Object.getPrototypeOf(server._handle));
  for (const name of ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String']) countAsKernel(streams, name);
}

// Threads of the daemon inherit what it was started with.
if (isMainThread) start();
