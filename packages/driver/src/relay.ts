import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';

/** Where a published port leads to. */
export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}

/** Connections, or UDP peers, that one published port relays at a time. */
const mostRelayed = 256;

/** How long a UDP peer is remembered after its last datagram, in ms: what docker-proxy does. */
const udpIdleMs = 90_000;

/** Joins a TCP client to a container. `relayed` holds the sockets of all clients, for their end. */
export function relayTcp(client: Socket, target: RelayTarget | undefined, relayed: Set<Socket>): void {
  if (target === undefined || relayed.size >= mostRelayed * 2) return void client.destroy();
  const container = connect(target);
  const both = [client, container];
  for (const socket of both) {
    relayed.add(socket);
    socket.on('error', () => {
      for (const one of both) one.destroy();
    });
    socket.on('close', () => relayed.delete(socket));
  }
  client.pipe(container).pipe(client);
}

/**
 * Passes datagrams that reach `listener` on to a container and its answers back, with one socket for each peer.
 * Returns what ends it.
 */
export function relayUdp(listener: UdpSocket, target: RelayTarget, idleMs = udpIdleMs): () => void {
  const peers = new Map<string, { socket: UdpSocket; timer: NodeJS.Timeout }>();
  const forget = (key: string) => {
    const peer = peers.get(key);
    peers.delete(key);
    clearTimeout(peer?.timer);
    peer?.socket.close();
  };
  const meet = (key: string, address: string, port: number) => {
    const socket = createSocket(target.host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (answer) => {
      peers.get(key)?.timer.refresh();
      listener.send(answer, port, address, () => undefined);
    });
    socket.on('error', () => forget(key));
    const peer = { socket, timer: setTimeout(() => forget(key), idleMs).unref() };
    peers.set(key, peer);
    return peer;
  };
  listener.on('message', (datagram, { address, port }) => {
    const key = `${address} ${port}`;
    if (!peers.has(key) && peers.size >= mostRelayed) return;
    const { socket, timer } = peers.get(key) ?? meet(key, address, port);
    timer.refresh();
    socket.send(datagram, target.port, target.host, () => undefined);
  });
  return () => {
    for (const key of [...peers.keys()]) forget(key);
  };
}
