import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { relayTcp, relayUdp } from './relay.js';

async function udp() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

it('relays datagrams of several peers, each answered on its own, and forgets those that fall silent', async () => {
  const echo = await udp();
  const sources = new Set<number>();
  echo.on('message', (data, { port, address }) => {
    sources.add(port);
    echo.send(`echo ${data}`, port, address);
  });
  const listener = await udp();
  const end = relayUdp(listener, { host: '127.0.0.1', port: echo.address().port }, 50);
  const peers = [await udp(), await udp()];
  const ask = async (peer: (typeof peers)[number], word: string) => {
    peer.send(word, listener.address().port, '127.0.0.1');
    const [answer] = (await once(peer, 'message')) as [Buffer];
    return answer.toString();
  };
  expect(await Promise.all(peers.map((peer, n) => ask(peer, `from ${n}`)))).toEqual(['echo from 0', 'echo from 1']);
  expect(await ask(peers[0]!, 'again')).toBe('echo again');
  expect(sources.size).toBe(2);
  const sourcesAfterSilence = async () => {
    await ask(peers[0]!, 'later');
    return sources.size;
  };
  await expect.poll(sourcesAfterSilence, { interval: 80 }).toBe(3);
  end();
  for (const socket of [...peers, listener, echo]) socket.close();
});

it('joins TCP connections, and ends both when either ends or there is nobody', async () => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port };
  const relayed = new Set<Socket>();
  let to: typeof target | undefined = target;
  const front = createServer({ pauseOnConnect: true }, (client) => relayTcp(client, to, relayed)).listen(
    0,
    '127.0.0.1',
  );
  await once(front, 'listening');
  const dial = () => connect((front.address() as AddressInfo).port, '127.0.0.1');
  const client = dial();
  client.write('hello');
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer.toString()).toBe('hello');
  expect(relayed.size).toBe(2);
  client.end();
  await once(client, 'close');
  await expect.poll(() => relayed.size).toBe(0);
  to = undefined;
  const refused = dial();
  await once(refused, 'close');
  front.close();
  echo.close();
});
