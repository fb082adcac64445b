import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { LinecardError } from '@linecard/wire';

/** How a program is run. */
export interface RunOptions {
  /** What the program reads from its standard input; nothing by default. */
  readonly input?: string | Uint8Array;
  /** The longest that it may take, in ms (10000). */
  readonly timeoutMs?: number;
  /** Its whole environment instead of that of this process. `LC_ALL=C` is always added. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many bytes each of its outputs may have (16 MiB). */
  readonly maxOutput?: number;
}

/** What a program wrote. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program could not be started (`exitCode` undefined), or said no. */
export class CommandError extends LinecardError {
  readonly argv: readonly string[];
  readonly exitCode: number | undefined;
  readonly stderr: string;
  /** The program is not installed. */
  readonly missing: boolean;

  constructor(
    argv: readonly string[],
    outcome: { exitCode?: number; stderr?: string; why: string; missing?: boolean; cause?: unknown },
  ) {
    const stderr = outcome.stderr?.trim() ?? '';
    super('LC_COMMAND', `${argv.join(' ')}: ${outcome.why}${stderr === '' ? '' : `: ${stderr.slice(0, 2000)}`}`, {
      ...(outcome.missing === true ? { hint: `install ${argv[0]}` } : {}),
      ...(outcome.cause === undefined ? {} : { cause: outcome.cause }),
    });
    this.name = 'CommandError';
    this.argv = argv;
    this.exitCode = outcome.exitCode;
    this.stderr = stderr;
    this.missing = outcome.missing ?? false;
  }
}

/** Whether an error says that the program is not installed. */
export function isMissingProgram(error: unknown): boolean {
  return error instanceof CommandError && error.missing;
}

/** Bytes of an output, up to a limit. */
class Collected {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  add(chunk: Buffer): number {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this.#length;
  }

  toString(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/**
 * Runs a program and waits for its end: the one place where programs are started. There is no shell; `argv[0]` is
 * looked up in PATH. Throws `LC_COMMAND` when it cannot be started or its exit status is not 0, and `LC_TIMEOUT`
 * after `timeoutMs`, when it is killed.
 */
export function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = argv;
  const timeoutMs = options.timeoutMs ?? 10_000;
  const maxOutput = options.maxOutput ?? 16 << 20;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...(options.env ?? process.env), LC_ALL: 'C' },
    });
    const stdout = new Collected();
    const stderr = new Collected();
    const abandon = (error: LinecardError) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      for (const stream of child.stdio) stream?.destroy();
      reject(error);
    };
    const timer = setTimeout(() => abandon(timeoutError(argv, timeoutMs)), timeoutMs);
    const collect = (into: Collected) => (chunk: Buffer) => {
      if (into.add(chunk) > maxOutput) abandon(new CommandError(argv, { why: `wrote above ${maxOutput} bytes` }));
    };
    child.stdout.on('data', collect(stdout));
    child.stderr.on('data', collect(stderr));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const missing = cause.code === 'ENOENT';
      abandon(new CommandError(argv, { why: missing ? 'is not installed' : cause.message, missing, cause }));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({ stdout: stdout.toString(), stderr: stderr.toString() });
      else reject(exitError(argv, code, signal, stderr.toString()));
    });
    // A program that does not read all of its input says so by its exit status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/**
 * Runs a program on the terminal or the pipes of this process, and returns its exit status; a signal counts as 128 and
 * its number, as in a shell. The program ends with this process: a signal for one is for both, and the terminal's own
 * (^C) reaches it anyway. Throws `LC_COMMAND` when it cannot be started.
 */
export function runAttached(argv: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    const stay = () => undefined;
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, forward);
    process.on('SIGINT', stay);
    const release = () => {
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, forward);
      process.off('SIGINT', stay);
    };
    child.on('error', (cause: NodeJS.ErrnoException) => {
      release();
      const missing = cause.code === 'ENOENT';
      reject(new CommandError(argv, { why: missing ? 'is not installed' : cause.message, missing, cause }));
    });
    child.on('close', (code, signal) => {
      release();
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']);
    });
  });
}

function exitError(argv: readonly string[], code: number | null, signal: string | null, stderr: string): CommandError {
  if (code === null) return new CommandError(argv, { why: `ended by ${signal}`, stderr });
  return new CommandError(argv, { why: `exit status ${code}`, exitCode: code, stderr });
}

function timeoutError(argv: readonly string[], timeoutMs: number): LinecardError {
  return new LinecardError('LC_TIMEOUT', `${argv.join(' ')}: did not end within ${timeoutMs} ms`);
}
