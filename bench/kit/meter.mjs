// Loaded into the daemon by `node --import`: tells, on a socket of its own, how much processor time the daemon's thread
// has used and how much of that went into the kernel's netlink, which executes requests while they are sent.
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
