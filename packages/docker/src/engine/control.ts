import { LinecardError } from '@linecard/wire';
import { createdAnswer, execAnswer, readAnswer } from './answers.js';
import { type ExecOutput, splitOutput } from './exec-output.js';
import { type EngineAddress, type EngineCall, EngineConnection } from './request.js';

/** What of the Engine's description of a new container is used (Docker Engine API, ContainerCreate). */
export interface ContainerConfig {
  readonly Hostname?: string;
  readonly Image: string;
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Healthcheck?: Readonly<Record<string, unknown>>;
  readonly HostConfig?: Readonly<Record<string, unknown>>;
  readonly NetworkingConfig?: Readonly<Record<string, unknown>>;
}

/** How a program inside a container ended and what it wrote. */
export interface ExecResult extends ExecOutput {
  readonly exitCode: number;
}

/** How long starting and removing may take: a busy machine needs its time for each of a hundred containers. */
const slowMs = 120_000;

/**
 * What changes Docker: containers, networks, programs inside containers. Never to be used by a plugin of Docker. Every
 * method throws `LC_DOCKER` when the Engine refuses, `LC_NOT_FOUND`, `LC_CONFLICT` or `LC_TIMEOUT`.
 */
export class DockerControl {
  readonly #connection: EngineConnection;

  constructor(address: EngineAddress = {}) {
    this.#connection = new EngineConnection(address);
  }

  /** Makes a container and returns its ID. */
  createContainer(name: string, config: ContainerConfig): Promise<string> {
    return this.#create(`/containers/create?name=${encodeURIComponent(name)}`, config);
  }

  /** Starts a container; it may run already. */
  async startContainer(id: string): Promise<void> {
    await this.#post(`/containers/${encodeURIComponent(id)}/start`, undefined, slowMs);
  }

  /** Kills and removes a container with its anonymous volumes; false when it was not there. */
  removeContainer(id: string): Promise<boolean> {
    return this.#remove(`/containers/${encodeURIComponent(id)}?force=1&v=1`);
  }

  /** Makes a network of a driver and returns its ID. */
  createNetwork(name: string, config: Readonly<Record<string, unknown>>): Promise<string> {
    return this.#create('/networks/create', { Name: name, CheckDuplicate: true, ...config });
  }

  /** Removes a network; false when it was not there. */
  removeNetwork(id: string): Promise<boolean> {
    return this.#remove(`/networks/${encodeURIComponent(id)}`);
  }

  /** Whether there is an image of this name. */
  async hasImage(name: string): Promise<boolean> {
    try {
      await this.#connection.bytes(`/images/${encodeURIComponent(name)}/json`);
      return true;
    } catch (error) {
      if (error instanceof LinecardError && error.code === 'LC_NOT_FOUND') return false;
      throw error;
    }
  }

  /** Fetches an image from its registry. */
  async pullImage(name: string, timeoutMs: number): Promise<void> {
    const image = /:[^/]*$|@/.test(name) ? name : `${name}:latest`;
    const answer = await this.#post(`/images/create?fromImage=${encodeURIComponent(image)}`, undefined, timeoutMs);
    // The answer is a success before the pull begins; what went wrong stands in its lines.
    const failure = /"error":"((?:[^"\\]|\\.)*)"/.exec(answer.toString('utf8'))?.[1];
    if (failure !== undefined) throw new LinecardError('LC_DOCKER', `Docker could not pull ${image}: ${failure}`);
  }

  /** Runs a program inside a container to its end. */
  async exec(
    container: string,
    argv: readonly string[],
    { timeoutMs = 60_000, env = [] }: { readonly timeoutMs?: number; readonly env?: readonly string[] } = {},
  ): Promise<ExecResult> {
    const id = await this.#create(`/containers/${encodeURIComponent(container)}/exec`, {
      AttachStdout: true,
      AttachStderr: true,
      Cmd: argv,
      Env: env,
    });
    const output = splitOutput(await this.#post(`/exec/${id}/start`, { Detach: false, Tty: false }, timeoutMs));
    const path = `/exec/${id}/json`;
    const { exitCode } = readAnswer(`GET ${path}`, execAnswer, await this.#connection.json(path));
    return { ...output, exitCode: exitCode ?? 0 };
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#connection.close();
  }

  async #create(path: string, body: unknown): Promise<string> {
    const answer = await this.#post(path, body, slowMs);
    return readAnswer(`POST ${path}`, createdAnswer, JSON.parse(answer.toString('utf8')));
  }

  #post(path: string, body: unknown, timeoutMs: number): Promise<Buffer> {
    const call: EngineCall = { method: 'POST', path, timeoutMs, ...(body === undefined ? {} : { body }) };
    return this.#connection.call(call);
  }

  async #remove(path: string): Promise<boolean> {
    try {
      await this.#connection.call({ method: 'DELETE', path, timeoutMs: slowMs });
      return true;
    } catch (error) {
      if (!(error instanceof LinecardError)) throw error;
      if (error.code === 'LC_NOT_FOUND') return false;
      // Somebody else is removing it just now.
      if (error.code === 'LC_CONFLICT' && error.message.includes('already in progress')) return false;
      throw error;
    }
  }
}
