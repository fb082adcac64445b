import { once } from 'node:events';
import { connect } from 'node:net';
import { meterSocket } from './paths.mjs';
import { median } from './stats.mjs';

/** Asks the daemon's meter (meter.mjs). */
export class Meter {
  #socket;
  #cost = 0;

  static async connect() {
    const meter = new Meter();
    meter.#socket = connect(meterSocket).setEncoding('utf8');
    await once(meter.#socket, 'connect');
    const costs = [];
    for (let n = 0; n < 200; n++) {
      costs.push(await meter.used(() => undefined));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    meter.#cost = median(costs.slice(100));
    return meter;
  }

  /** The processor time in ms that the daemon uses during `work`, without what the kernel uses to send. */
  async used(work) {
    const before = await this.#read();
    await work();
    const after = await this.#read();
    return after.cpuMs - before.cpuMs - (after.kernelMs - before.kernelMs) - this.#cost;
  }

  async #read() {
    const answer = once(this.#socket, 'data');
    this.#socket.write('?');
    return JSON.parse((await answer)[0]);
  }
}
