import { fileURLToPath } from 'node:url';
import { readConfig } from '@linecard/daemon/host';
import { DockerControl, DockerEngine, DockerWatch } from '@linecard/docker';
import { run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { askHost } from '../control.js';
import type { ReadableLog } from '../log.js';
import { readSettings } from '../settings.js';
import { openSwitch } from '../switch-memory.js';

export const bridge = 'kiwipycon';
const addresses: Readonly<Record<string, string>> = {
  kiwipycon_h1: '172.31.1.1/24',
  kiwipycon_h2: '172.31.1.2/24',
};
export const guestNames: readonly string[] = Object.keys(addresses);
const image = 'linecard/guest:latest';
const label = 'linecard.demo';
const imageScript = fileURLToPath(new URL('../../../../scripts/images/guest.sh', import.meta.url));
/** How long building the image and answering of Open vSwitch may take, in ms. */
const buildMs = 100_000;
const patienceMs = 5000;

/** The guests of the example and their bridge. */
export class Guests {
  readonly #log: ReadableLog;
  readonly #controller: string;
  readonly #engine: DockerEngine;
  readonly #control: DockerControl;
  readonly #watch: DockerWatch;

  constructor(log: ReadableLog, controller: string) {
    const { docker } = readSettings(process.env);
    const { dockerSocket: socketPath } = readConfig({ docker }, process.env);
    this.#log = log;
    this.#controller = controller;
    this.#engine = new DockerEngine({ socketPath });
    this.#control = new DockerControl({ socketPath });
    this.#watch = new DockerWatch(this.#engine);
  }

  /** Makes what is missing, and plugs guests in again whenever they are started. */
  async up(): Promise<void> {
    await this.#ensureImage();
    for (const name of guestNames) await this.#ensure(name);
    for (const name of guestNames) await this.#attach(name);
    this.#watch.on('event', ({ type, action, attributes }) => {
      if (type !== 'container' || action !== 'start' || !guestNames.includes(attributes.name ?? '')) return;
      this.#attach(attributes.name!).catch((error) => this.#log.error(`plug ${attributes.name} in again`, error));
    });
    this.#watch.start();
  }

  /** Removes guests and bridge. */
  async down(): Promise<void> {
    for (const name of guestNames) {
      if ((await this.#find(name)) === undefined) continue;
      await askHost('change', (api) => api.detach({ bridge, container: name })).catch(ignoreMissing);
      await this.#control.removeContainer(name);
      this.#log.info(`removed ${name}`);
    }
    const ovs = await openSwitch();
    await ovs?.whenReady(patienceMs);
    // The marks of its row tell that `attach` made it.
    if (ovs?.view.bridge(bridge)?.external_ids.get('linecard') === 'attach') {
      const others = ovs.view.interfacesOf(bridge).filter(({ name }) => name !== bridge);
      if (others.length === 0) await ovs.commit((edit) => edit.removeBridge(bridge));
      this.#log.info(others.length === 0 ? `removed bridge ${bridge}` : `bridge ${bridge} stays: it has other ports`);
    }
    await ovs?.close();
  }

  close(): void {
    this.#watch.close();
    this.#control.close();
    this.#engine.close();
  }

  async #ensureImage(): Promise<void> {
    if (await this.#control.hasImage(image)) return;
    this.#log.info(`building the image ${image}`);
    await run([imageScript, image], { timeoutMs: buildMs });
  }

  async #ensure(name: string): Promise<void> {
    const present = await this.#find(name);
    const id =
      present?.id ??
      (await this.#control.createContainer(name, {
        Image: image,
        Hostname: name.replace('_', '-'),
        Tty: true,
        OpenStdin: true,
        Labels: { [label]: bridge },
        // A shell as first process does not listen to anything else.
        StopSignal: 'SIGKILL',
        HostConfig: { NetworkMode: 'none' },
      }));
    if (present?.running !== true) await this.#control.startContainer(id);
    this.#log.info(`${name} runs`);
  }

  /** A container of this name that the example made. Throws `LC_CONFLICT` when it is somebody else's. */
  async #find(name: string) {
    const container = await this.#engine.container(name).catch(ignoreMissing);
    if (container === undefined || container.labels[label] === bridge) return container;
    throw new LinecardError('LC_CONFLICT', `there is a container ${name} that this example did not make`, {
      hint: `docker rename ${name} another-name`,
    });
  }

  async #attach(name: string): Promise<void> {
    const order = { bridge, container: name, addresses: [addresses[name]!], controllers: [this.#controller] };
    const { ofport, ifname } = await askHost('change', (api) => api.attach(order));
    this.#log.info(`${name} is on ${bridge}: ${ifname} ${addresses[name]}, OpenFlow port ${ofport}`);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof LinecardError && error.code === 'LC_NOT_FOUND') return undefined;
  throw error;
}
