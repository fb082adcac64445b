import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { LinecardError } from '@linecard/wire';
import { print } from '../output.js';

/** Whoever connects here ends the example: no process ID is written down that could be somebody else's later. */
const socketPath = '/run/linecard/kiwipycon.sock';
const logPath = '/run/linecard/kiwipycon.log';
/** How long the example may take to come up, building the guest's image included, in ms. */
const patienceMs = 120_000;

/** What ends the example from outside. */
export interface Stop {
  readonly asked: Promise<string>;
  close(): Promise<void>;
}

/** Awaits the wish to end. Throws `LC_CONFLICT` when the example runs already. */
export async function awaitStop(): Promise<Stop> {
  if (await reach()) {
    throw new LinecardError('LC_CONFLICT', 'the example runs already', { hint: 'linecard demo kiwipycon --down' });
  }
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  await rm(socketPath, { force: true });
  const server = createServer();
  const visitors = new Set<Socket>();
  const asked = new Promise<string>((resolve) => {
    server.on('connection', (socket) => {
      visitors.add(socket);
      // One that hangs up without a word only looked whether somebody is here.
      socket.on('data', () => resolve('--down')).on('error', () => undefined);
      socket.on('close', () => visitors.delete(socket));
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    asked,
    close: async () => {
      server.close();
      await rm(socketPath, { force: true });
      // Whoever asked waits for this.
      for (const socket of visitors) socket.destroy();
    },
  };
}

/** Whether the example runs; with `word`, it is told that, and this resolves when it has ended. */
function reach(word?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      if (word === undefined) {
        socket.destroy();
        resolve(true);
        return;
      }
      socket.write(word);
      socket.once('close', () => resolve(true)).resume();
    });
    socket.once('error', () => resolve(false));
  });
}

/** Ends an example that runs in another process, and resolves when it is gone; false when there was none. */
export function stopRunning(): Promise<boolean> {
  return reach('down\n');
}

/** Runs this command again in the background, and resolves when it says that all is up. */
export async function startDetached(args: readonly string[], announcement: string): Promise<void> {
  mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 });
  const log = openSync(logPath, 'w', 0o600);
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const timer = setTimeout(() => child.kill(), patienceMs);
  const [word] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  clearTimeout(timer);
  if (word !== 'up') {
    throw new LinecardError('LC_COMMAND', `the example did not come up:\n${readFileSync(logPath, 'utf8').trim()}`);
  }
  child.disconnect();
  child.unref();
  await print(`${announcement}\nthe controller writes to ${logPath}\n`);
}
