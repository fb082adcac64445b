// Plain JavaScript, so that the same file runs from the sources and from the build. It only moves bytes: what they
// mean is decided in the thread that started it.
import { parentPort, workerData } from 'node:worker_threads';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const socket = new RawNetlinkSocket(workerData.protocol, workerData.options);

const fail = (/** @type {NodeJS.ErrnoException} */ error) => port.postMessage({ errno: error.code ?? 'EIO' });
socket.on('message', (bytes) => port.postMessage({ bytes }));
socket.on('truncatedMessage', () => port.postMessage({ errno: 'EMSGSIZE' }));
socket.on('error', /** @type {never} */ (fail));

port.on('message', (/** @type {Uint8Array | 'close'} */ message) => {
  if (message === 'close') {
    socket.close();
    port.close();
    return;
  }
  socket.send(Buffer.from(message.buffer, message.byteOffset, message.byteLength), {}, (error) => {
    if (error) fail(/** @type {never} */ (error));
  });
});
