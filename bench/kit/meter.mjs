// Loaded into the daemon by `node --import`: tells, on a socket of its own, how much processor time the daemon has used
// and how much of that went into the kernel's netlink, which executes requests while they are sent.
import { createServer } from 'node:net';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let netlinkMs = 0;
const send = RawNetlinkSocket.prototype.send;
RawNetlinkSocket.prototype.send = function (...args) {
  const start = cpuMs();
  try {
    return send.apply(this, args);
  } finally {
    netlinkMs += cpuMs() - start;
  }
};

const server = createServer((socket) => {
  socket.on('data', () => void socket.write(`${JSON.stringify({ cpuMs: cpuMs(), netlinkMs })}\n`));
});
server.listen(process.env.LINECARD_BENCH_METER).unref();
