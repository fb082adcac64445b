// What dockerd does at a plugin's socket, without the weight of an HTTP library: one request at a time on a connection
// that stays open.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

export const newId = () => randomBytes(32).toString('hex');

/** The `n`-th address of 10.100.0.0/16. */
export const addressAt = (n) => `10.100.${(n + 2) >> 8}.${(n + 2) & 255}/16`;

export class PluginClient {
  #socket;
  #received = '';
  #answer;

  static async connect(path = '/run/docker/plugins/ovs.sock') {
    const client = new PluginClient();
    client.#socket = connect(path);
    client.#socket.setEncoding('latin1').on('data', (text) => client.#onData(text));
    client.#socket.on('error', (error) => client.#answer?.reject(error));
    await once(client.#socket, 'connect');
    return client;
  }

  close() {
    this.#socket.destroy();
  }

  /** `CreateNetwork` of the network driver, or `IpamDriver.RequestPool`. */
  async call(method, request) {
    const body = JSON.stringify(request);
    const path = method.includes('.') ? method : `NetworkDriver.${method}`;
    const head = `POST /${path} HTTP/1.1\r\nHost: plugin\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const answer = new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
    this.#socket.write(head + body);
    const reply = JSON.parse(await answer);
    if (reply.Err) throw new Error(`${method}: ${reply.Err}`);
    return reply;
  }

  #onData(text) {
    this.#received += text;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#received)[1]);
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    this.#answer.resolve(body);
  }

  createNetwork(NetworkID, options) {
    const generic = { 'ovs.bridge.userspace': 'true', ...options };
    const pool = { AddressSpace: 'LocalDefault', Pool: '10.100.0.0/16', Gateway: '10.100.0.1/16' };
    const Options = { 'com.docker.network.generic': generic, 'com.docker.network.enable_ipv6': false };
    return this.call('CreateNetwork', { NetworkID, Options, IPv4Data: [pool], IPv6Data: [] });
  }

  /** CreateEndpoint and Join, as `docker run` has them made one after the other. */
  async attach(NetworkID, EndpointID, Address) {
    const Interface = { Address, AddressIPv6: '', MacAddress: '' };
    const Options = { 'com.docker.network.endpoint.exposedports': [], 'com.docker.network.portmap': [] };
    await this.call('CreateEndpoint', { NetworkID, EndpointID, Interface, Options });
    const SandboxKey = `/var/run/docker/netns/${EndpointID.slice(0, 12)}`;
    await this.call('Join', { NetworkID, EndpointID, SandboxKey, Options });
  }

  async detach(NetworkID, EndpointID) {
    await this.call('Leave', { NetworkID, EndpointID });
    await this.call('DeleteEndpoint', { NetworkID, EndpointID });
  }
}

/** Attaches many endpoints, `width` at a time, each of these over a connection of its own. Returns their IDs. */
export async function attachMany(network, count, { width = 50, firstAddress = 0 } = {}) {
  const ids = Array.from({ length: count }, newId);
  let next = 0;
  const worker = async () => {
    const client = await PluginClient.connect();
    for (let n = next++; n < count; n = next++) await client.attach(network, ids[n], addressAt(firstAddress + n));
    client.close();
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  return ids;
}
