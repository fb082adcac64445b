import type { IncomingMessage } from 'node:http';
import { LinecardError } from '@linecard/wire';
import type { z } from 'zod';
import {
  type ContainerDetail,
  type ContainerSummary,
  containerDetail,
  containerList,
  type DockerInfo,
  type DockerNetwork,
  type DockerService,
  type DockerVersion,
  infoAnswer,
  networkDetail,
  networkList,
  readAnswer,
  serviceList,
  versionAnswer,
} from './answers.js';
import { type EventFilter, eventsPath } from './events.js';
import { type EngineAddress, EngineConnection } from './request.js';

/**
 * What Linecard asks of the Docker Engine. Only reads. Never to be used inside a plugin request: dockerd may be waiting
 * for its answer. Every method throws `LC_DOCKER` when the Engine does not answer or refuses, `LC_TIMEOUT` when it
 * takes too long, `LC_PROTOCOL` when it answers nonsense and `LC_CLOSED` when it stops in the middle of an answer.
 */
export class DockerEngine {
  readonly #connection: EngineConnection;

  constructor(address: EngineAddress = {}) {
    this.#connection = new EngineConnection(address);
  }

  /** The Engine's unix socket. */
  get socketPath(): string {
    return this.#connection.socketPath;
  }

  /** Returns when the Engine serves its API. */
  async ping(): Promise<void> {
    await this.#connection.bytes('/_ping');
  }

  version(): Promise<DockerVersion> {
    return this.#read('/version', versionAnswer);
  }

  info(): Promise<DockerInfo> {
    return this.#read('/info', infoAnswer);
  }

  /** The running containers, or all. Reads a snapshot: it does not wait for containers that are just starting. */
  containers({ all = false }: { readonly all?: boolean } = {}): Promise<ContainerSummary[]> {
    return this.#read(all ? '/containers/json?all=1' : '/containers/json', containerList);
  }

  /**
   * A container by ID, name or unambiguous beginning of an ID. Waits while the container is starting. Throws
   * `LC_NOT_FOUND`, or `LC_INVALID` when several match.
   */
  async container(idOrName: string): Promise<ContainerDetail> {
    const name = idOrName.replace(/^\//, '');
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
      throw new LinecardError('LC_NOT_FOUND', `"${idOrName}" is not the name or ID of a container`, {
        hint: 'see docker ps -a',
      });
    }
    return this.#read(`/containers/${name}/json`, containerDetail);
  }

  /** All networks, or those of one driver. Their `endpoints` are empty: ask {@link network} for those. */
  networks({ driver }: { readonly driver?: string } = {}): Promise<DockerNetwork[]> {
    const filters = encodeURIComponent(JSON.stringify({ driver: [driver] }));
    return this.#read(driver === undefined ? '/networks' : `/networks?filters=${filters}`, networkList);
  }

  /**
   * A network by ID, name or unambiguous beginning of an ID, with its endpoints. Throws `LC_NOT_FOUND`, or
   * `LC_INVALID` when several match.
   */
  async network(idOrName: string): Promise<DockerNetwork> {
    if (/^\.{0,2}$/.test(idOrName)) {
      throw new LinecardError('LC_NOT_FOUND', `"${idOrName}" is not the name or ID of a network`, {
        hint: 'see docker network ls',
      });
    }
    return this.#read(`/networks/${encodeURIComponent(idOrName)}`, networkDetail);
  }

  /** The services of the swarm. Only a manager knows: throws `LC_DOCKER` on any other host. */
  services(): Promise<DockerService[]> {
    return this.#read('/services', serviceList);
  }

  /** The stream of events from `sinceMs` (milliseconds since 1970) on, closed by `signal`. */
  events(filter: EventFilter, sinceMs: number, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#connection.stream(eventsPath(filter, sinceMs), signal);
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#connection.close();
  }

  async #read<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
    return readAnswer(`GET ${path}`, schema, await this.#connection.json(path));
  }
}
