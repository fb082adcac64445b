import { fileURLToPath } from 'node:url';
import { LinecardError } from '@linecard/wire';
import { askSocket } from './http.js';
import type { BedProcess } from './process.js';
import type { Sandbox } from './sandbox.js';
import { waitUntil } from './wait.js';

/** The built command, the same in every bed as on the machine. */
export const linecardMain = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));

/** How the daemon is started. */
export interface DaemonOptions {
  /** The program; the built `linecard up --log json` by default. */
  readonly argv?: readonly string[];
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments behind the program's own. */
  readonly args?: readonly string[];
  /** The plugin socket on which it must answer to be ready; `/run/docker/plugins/ovs.sock` by default. */
  readonly socket?: string;
  /** Milliseconds until it must be ready; 20 s by default. */
  readonly timeoutMs?: number;
}

/** Where the daemon's output is found in a bed. */
export const daemonLog = '/run/linecard.log';

/** Starts a Docker plugin daemon in a sandbox. Returns when it answers `/Plugin.Activate`. */
export async function startDaemon(sandbox: Sandbox, options: DaemonOptions = {}): Promise<BedProcess> {
  const argv = [...(options.argv ?? ['node', linecardMain, 'up', '--log', 'json']), ...(options.args ?? [])];
  const daemon = sandbox.spawn(argv, { log: daemonLog, env: options.env ?? {} });
  const socket = sandbox.path(options.socket ?? '/run/docker/plugins/ovs.sock');
  const answers = async (): Promise<boolean> => {
    if (daemon.exit !== undefined) {
      throw new LinecardError('LC_COMMAND', `${argv.join(' ')} ended at its start:\n${daemon.log().slice(-4000)}`);
    }
    return (await askSocket(socket, 'POST', '/Plugin.Activate', 5000))?.status === 200;
  };
  try {
    await waitUntil(answers, { timeoutMs: options.timeoutMs ?? 20_000, what: `${socket} to answer Plugin.Activate` });
  } catch (error) {
    await daemon.kill('SIGKILL');
    throw error;
  }
  return daemon;
}
