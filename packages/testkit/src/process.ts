import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { LinecardError } from '@linecard/wire';
import { waitUntil } from './wait.js';

/** How a process ended. */
export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a finished program said. */
export interface ExecResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a program in a bed. */
export interface ExecOptions {
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
  /** Milliseconds until it is killed, with all that it started; 30 s by default. */
  readonly timeoutMs?: number;
  /** Added to the bed's small environment; nothing is inherited from the test process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Return the result of a program that fails instead of throwing. */
  readonly allowFail?: boolean;
}

const longestOutput = 16 * 1024 * 1024;

/** Sends a signal to a process, or to a process group when `pid` is negative, unless it has ended meanwhile. */
function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves when a child and its output have ended; rejects when it could not be started. */
function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal }));
  });
}

/**
 * Runs a program to its end and collects its output (at most 16 MiB of each stream).
 *
 * @throws LC_COMMAND when it fails and this is not allowed, LC_TIMEOUT when it had to be killed
 */
export async function runProgram(
  argv: readonly string[],
  shown: readonly string[],
  env: Readonly<Record<string, string>>,
  options: ExecOptions,
): Promise<ExecResult> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { detached: true, env: { ...env, ...options.env }, stdio: 'pipe', cwd: '/' });
  const text = { stdout: '', stderr: '' };
  let killedFor: string | undefined;
  const kill = (why: string): void => {
    killedFor ??= why;
    if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
    // A daemon that it has left behind may hold these open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      if (text[name].length > longestOutput) kill('its output is too long');
    });
  }
  child.stdin.on('error', () => undefined); // a program need not read its input
  child.stdin.end(options.input ?? '');
  const timeoutMs = options.timeoutMs ?? 30_000;
  const timer = setTimeout(() => kill(`it ran longer than ${timeoutMs} ms`), timeoutMs);
  const exit = await ended(child).finally(() => clearTimeout(timer));
  if (killedFor !== undefined) {
    throw new LinecardError('LC_TIMEOUT', `${shown.join(' ')} was killed: ${killedFor}: ${text.stderr.trim()}`);
  }
  if (exit.status !== 0 && options.allowFail !== true) {
    const how = exit.signal ?? `status ${exit.status}`;
    throw new LinecardError('LC_COMMAND', `${shown.join(' ')}: ${how}: ${(text.stderr || text.stdout).trim()}`);
  }
  return { ...exit, ...text };
}

/** A long-running program in a bed. Its output goes to a file. */
export class BedProcess {
  /** Resolves when the program has ended. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #shown: string;
  readonly #logPath: string;
  readonly #logStart: number;
  #exit: Exit | undefined;

  /**
   * Starts `argv`, which must fork the program as its only child (as nsenter does), so that signals reach the program
   * and not its wrapper.
   */
  constructor(
    argv: readonly string[],
    shown: readonly string[],
    env: Readonly<Record<string, string>>,
    logPath: string,
  ) {
    const [file = '', ...args] = argv;
    const log = openSync(logPath, 'a');
    this.#logStart = statSync(logPath).size;
    this.#logPath = logPath;
    this.#shown = shown.join(' ');
    this.#child = spawn(file, args, { detached: true, env, stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    this.exited = ended(this.#child).then((exit) => {
      this.#exit = exit;
      return exit;
    });
    this.exited.catch(() => undefined); // a failure to start is seen by whoever awaits it
  }

  /** How it ended, or undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** All that it has written so far (empty when a reboot of the bed has removed the file). */
  log(): string {
    try {
      return readFileSync(this.#logPath).subarray(this.#logStart).toString('utf8');
    } catch {
      return '';
    }
  }

  /** Sends a signal to the program; nothing happens when it has ended. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const pid = await waitUntil(() => this.#exit !== undefined || this.#programPid(), {
      timeoutMs: 5000,
      everyMs: 1,
      what: `${this.#shown} to be forked`,
    });
    if (pid !== true) sendSignal(pid, signal);
  }

  /** Sends a signal to the program and waits for its end, at most `timeoutMs`. */
  async kill(signal: NodeJS.Signals = 'SIGKILL', timeoutMs = 30_000): Promise<Exit> {
    await this.signal(signal);
    return waitUntil(() => this.#exit, { timeoutMs, what: `${this.#shown} to end after ${signal}` });
  }

  #programPid(): number | undefined {
    try {
      const children = readFileSync(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`, 'latin1');
      return children === '' ? undefined : Number.parseInt(children, 10);
    } catch {
      return undefined;
    }
  }
}
