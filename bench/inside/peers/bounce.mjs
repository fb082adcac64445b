// What one exchange costs without any controller: answers every packet-in (by its bytes) with a packet-out and a
// flow-mod that stay the same. Says hello and asks what a controller would ask. node peers/bounce.mjs PORT
import { createServer } from 'node:net';

const hello = Buffer.from('0400001000000001' + '0001000800000010', 'hex');
const featuresRequest = Buffer.from('0405000800000002', 'hex');
const flowMod = Buffer.alloc(112);
flowMod.writeUInt32BE(0x040e0070, 0);
const packetOut = Buffer.alloc(100);
packetOut.writeUInt32BE(0x040d0064, 0);
const answer = Buffer.concat([flowMod, packetOut]);
const answers = Buffer.concat(Array(1024).fill(answer));

createServer({ noDelay: true }, (socket) => {
  socket.write(Buffer.concat([hello, featuresRequest]));
  socket.on('error', () => undefined);
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let count = 0;
    let at = 0;
    while (at + 4 <= bytes.length && at + bytes.readUInt16BE(at + 2) <= bytes.length) {
      if (bytes[at + 1] === 10) count++;
      at += bytes.readUInt16BE(at + 2);
    }
    rest = bytes.subarray(at);
    for (; count > 0; count -= 1024) socket.write(answers.subarray(0, Math.min(count, 1024) * answer.length));
  });
}).listen(Number(process.argv[2]), '127.0.0.1', () => process.send({ ready: true }));
