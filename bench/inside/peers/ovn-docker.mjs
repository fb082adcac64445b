// Debian's `ovn-docker-overlay-driver`, mended: as packaged it does not start, because what it reads from programs is
// bytes. Its server answers one request a connection.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';

const packaged = '/usr/bin/ovn-docker-overlay-driver';
const mended = '/run/ovn-docker-overlay-driver';
const url = 'http://127.0.0.1:5000';

export class OvnDocker {
  #process;

  static async start() {
    const text = await readFile(packaged, 'utf8').catch(() => {
      throw new Error(`${packaged} is missing: apt-get install ovn-docker python3-flask`);
    });
    const [broken, whole] = ['output = output[0].strip()', 'output = output[0].decode().strip()'];
    if (!text.includes(broken)) throw new Error(`${packaged} is not the one that is known to need mending`);
    await writeFile(mended, text.replace(broken, whole));
    const driver = new OvnDocker();
    driver.#process = spawn('/usr/bin/python3', [mended], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const chunk of driver.#process.stderr.iterator({ destroyOnReturn: false })) {
      if (String(chunk).includes('Running on')) break;
    }
    driver.#process.stderr.resume();
    return driver;
  }

  async stop() {
    this.#process.kill();
    await once(this.#process, 'exit');
  }

  async call(method, request) {
    const answer = await fetch(`${url}/NetworkDriver.${method}`, { method: 'POST', body: JSON.stringify(request) });
    const reply = await answer.json();
    if (reply.Err) throw new Error(`${method}: ${reply.Err}`);
    return reply;
  }

  async attach(NetworkID, EndpointID, Address) {
    await this.call('CreateEndpoint', { NetworkID, EndpointID, Interface: { Address } });
    await this.call('Join', { NetworkID, EndpointID, SandboxKey: `/var/run/docker/netns/${EndpointID.slice(0, 12)}` });
  }

  async detach(NetworkID, EndpointID) {
    await this.call('Leave', { NetworkID, EndpointID });
    await this.call('DeleteEndpoint', { NetworkID, EndpointID });
  }
}
