import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LinecardError } from '@linecard/wire';
import { RpcPeer, RpcRefusal } from './peer.js';

const maxReplyBytes = 64 * 1024 * 1024;
const maxUnsentBytes = 1024 * 1024;
const defaultTimeoutMs = 5000;

/**
 * The control socket of a daemon of Open vSwitch: what ovs-appctl(8) does, without a program being run. Connects at the
 * first call, and again after the daemon went away. An idle connection does not keep the process alive.
 */
export class Unixctl {
  readonly #path: string;
  #peer: Promise<RpcPeer> | undefined;

  /** `path` is the daemon's `.ctl` socket, as {@link Unixctl.pathOf} finds it. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The control socket of the `program` (such as `ovs-vswitchd`) that runs now, by its PID file in `runDirectory`.
   * Throws `LC_NOT_FOUND`.
   */
  static async pathOf(runDirectory: string, program: string): Promise<string> {
    const pidFile = join(runDirectory, `${program}.pid`);
    try {
      const pid = Number.parseInt(await readFile(pidFile, 'utf8'), 10);
      if (pid > 0) return join(runDirectory, `${program}.${pid}.ctl`);
      throw new Error('it holds no process ID');
    } catch (error) {
      const message = `cannot find ${program} by ${pidFile}: ${(error as Error).message}`;
      throw new LinecardError('LC_NOT_FOUND', message, { hint: `is ${program} running?`, cause: error });
    }
  }

  /**
   * Runs `command`, such as `fdb/show`, and resolves with its output. Rejects with `LC_COMMAND` when the daemon refuses
   * it or cannot be reached, `LC_TIMEOUT`, or `LC_CLOSED`.
   */
  async call(command: string, args: readonly string[] = [], options: { timeoutMs?: number } = {}): Promise<string> {
    this.#peer ??= this.#connect();
    const peer = await this.#peer;
    try {
      const result = await peer.call(command, args, options.timeoutMs ?? defaultTimeoutMs);
      return typeof result === 'string' ? result : JSON.stringify(result);
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      const answer = typeof error.answer === 'string' ? error.answer.trim() : JSON.stringify(error.answer);
      throw new LinecardError('LC_COMMAND', `${this.#path} refused "${[command, ...args].join(' ')}": ${answer}`);
    }
  }

  /** Closes the connection; a later call opens another. */
  async close(): Promise<void> {
    const peer = await this.#peer?.catch(() => undefined);
    peer?.close(new LinecardError('LC_CLOSED', `the connection to ${this.#path} was closed`));
  }

  #connect(): Promise<RpcPeer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path);
      socket.once('error', (error) => {
        this.#peer = undefined;
        reject(
          new LinecardError('LC_COMMAND', `cannot connect to ${this.#path}: ${error.message}`, {
            hint: 'is the daemon running, and may this user open its socket?',
            cause: error,
          }),
        );
      });
      socket.once('connect', () => {
        socket.unref(); // calls are kept alive by their timers
        const peer = new RpcPeer(socket, {
          name: this.#path,
          maxMessageBytes: maxReplyBytes,
          maxUnsentBytes,
          onNotification: () => undefined,
          onReceived: () => undefined,
          onClosed: () => {
            this.#peer = undefined;
          },
        });
        resolve(peer);
      });
    });
  }
}
