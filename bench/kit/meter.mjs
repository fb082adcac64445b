// Loaded into the daemon by `node --import`: tells, on a socket of its own, how much processor time the daemon's thread
// has used and how much of that went into the kernel's netlink, which executes requests while they are sent.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';

/** Exact to the nanosecond, where getrusage counts all threads, the compiler's and the collector's too. */
function cpuMs() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

function start() {
  let netlinkMs = 0;
  const send = RawNetlinkSocket.prototype.send;
  RawNetlinkSocket.prototype.send = function (...args) {
    const before = cpuMs();
    try {
      return send.apply(this, args);
    } finally {
      netlinkMs += cpuMs() - before;
    }
  };
  const server = createServer((socket) => {
    socket.on('data', () => void socket.write(`${JSON.stringify({ cpuMs: cpuMs(), netlinkMs })}\n`));
  });
  server.listen(process.env.LINECARD_BENCH_METER).unref();
}

// Threads of the daemon inherit what it was started with.
if (isMainThread) start();
