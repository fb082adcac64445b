import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LinecardError } from '@linecard/wire';
import { bedsFolder, newBedName } from './identity.js';
import { removeBedCgroups, removeBedFolder } from './leftovers.js';
import { BedProcess, type ExecOptions, type ExecResult, runProgram } from './process.js';
import { waitUntil } from './wait.js';

/** The first process of a sandbox. */
export interface Init {
  /** Folders on the machine below the sandbox's own folder that must be there before it starts. */
  readonly folders: readonly string[];
  /** The program: it gets namespaces, the sandbox's folder and its name, and says `ready PID`. */
  argv(folder: string, name: string): readonly string[];
}

/** The folders that a bed has for itself, as seen in it without the leading slash. */
export const ownFolders = [
  'run',
  'etc/docker',
  'etc/openvswitch',
  'etc/ovn',
  'var/lib/docker',
  'var/lib/openvswitch',
  'var/lib/ovn',
  'var/log/openvswitch',
  'var/log/ovn',
];

const initScript = fileURLToPath(new URL('../scripts/bed-init.sh', import.meta.url));

/** Waits for the end of the sandbox and reaps; all else is started from outside. */
const waiting: Init = { folders: ownFolders, argv: (folder) => [initScript, folder, ...ownFolders] };

const environment: Readonly<Record<string, string>> = {
  PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DOCKER_HOST: 'unix:///run/docker.sock',
  DOCKER_CONFIG: '/run/docker-cli',
};

/** How to start a long-running program in a bed. */
export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The file in the bed to which its output is appended; one of its own in the bed's folder by default. */
  readonly log?: string;
}

/**
 * A process tree in its own net, mount, pid, uts and ipc namespaces, with its own folders. The tree dies with this
 * process, even when that is killed with SIGKILL.
 */
export class Sandbox {
  /** Unique on the machine; also the name of its cgroups. */
  readonly name = newBedName();
  /** The folder on the machine that holds the sandbox's own folders. */
  readonly folder = join(bedsFolder(), this.name);
  readonly #programs = new Set<Promise<unknown>>();
  readonly #init: Init;
  #creator: ChildProcess | undefined;
  #pid = 0;
  #logs = 0;

  constructor(init: Init = waiting) {
    this.#init = init;
  }

  /** Where a path within one of the sandbox's own folders is to be found from outside. */
  path(inside: string): string {
    return join(this.folder, inside);
  }

  /** The pid of the first process, as this process sees it. */
  get pid(): number {
    return this.#pid;
  }

  /** Makes the folders that are missing and the namespaces. */
  async start(): Promise<void> {
    const folders = [...this.#init.folders, 'run/lock', 'sys', 'log'];
    for (const folder of folders) await mkdir(this.path(folder), { recursive: true });
    const creator = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', 'unshare', '--net', '--mount', '--pid', '--uts', '--ipc', '--kill-child'],
        // Slave: what the machine unmounts is unmounted here too and not kept alive.
        ...['--propagation', 'slave', '--', ...this.#init.argv(this.folder, this.name)],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'], env: environment, cwd: '/' },
    );
    this.#creator = creator;
    let said = '';
    creator.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(0, 4096);
    });
    for await (const line of createInterface({ input: creator.stdout })) {
      if (line.startsWith('ready ')) {
        this.#pid = Number(line.slice('ready '.length));
        return;
      }
    }
    this.#creator = undefined;
    throw new LinecardError('LC_COMMAND', `no namespaces for ${this.name}: ${said.trim()}`, {
      hint: 'beds need root with all capabilities',
    });
  }

  /** Waits, at most `timeoutMs`, until the first process has ended by itself, and with it all others. */
  async ended(timeoutMs: number): Promise<void> {
    const creator = this.#creator;
    await waitUntil(() => creator === undefined || creator.exitCode !== null || creator.signalCode !== null, {
      timeoutMs,
      what: `${this.name} to end`,
    });
    await this.kill();
  }

  /** Kills every process. Network interfaces, mounts and packet filters go with the namespaces. */
  async kill(): Promise<void> {
    const creator = this.#creator;
    if (creator === undefined) return;
    this.#creator = undefined;
    if (creator.exitCode === null && creator.signalCode === null) {
      // The first process ends when the kernel has ended all the others, and unshare after it.
      const gone = once(creator, 'exit');
      process.kill(this.#pid, 'SIGKILL');
      await gone;
    }
    await Promise.allSettled(this.#programs);
    await removeBedCgroups(this.name);
  }

  /** Empties /run, as a machine's start does. */
  async wipeRun(): Promise<void> {
    const run = this.path('run');
    for (const entry of await readdir(run)) await rm(join(run, entry), { recursive: true, force: true });
  }

  /** Kills everything and removes all files. */
  async destroy(): Promise<void> {
    try {
      await this.kill();
      await removeBedCgroups(this.name); // also of one that got no further at its start
    } finally {
      await removeBedFolder(this.name);
    }
  }

  /** Runs a program inside. @throws LC_COMMAND, LC_TIMEOUT */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const result = runProgram(this.#enter(argv), argv, environment, options);
    return this.#track(result);
  }

  /** Starts a long-running program inside. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): BedProcess {
    this.#logs += 1;
    const ownLog = join('log', `${this.#logs}-${basename(argv[0] ?? '')}.log`);
    const log = this.path(options.log ?? ownLog);
    const program = new BedProcess(this.#enter(argv), argv, { ...environment, ...options.env }, log);
    void this.#track(program.exited);
    return program;
  }

  /** The command lines of all processes inside, except the first one. */
  async processes(): Promise<string[]> {
    const proc = `/proc/${this.#pid}/root/proc`;
    const pids = (await readdir(proc)).filter((entry) => /^\d+$/.test(entry) && entry !== '1');
    const lines = await Promise.all(
      pids.map(async (pid) => (await readFile(`${proc}/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')),
    );
    return lines.map((words) => words.join(' ').trim()).filter((line) => line !== '');
  }

  /** Whether the process with this pid, as seen inside, lives and is no zombie. */
  alive(pid: string): boolean {
    try {
      const stat = readFileSync(`/proc/${this.#pid}/root/proc/${pid}/stat`, 'latin1');
      return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
    } catch {
      return false;
    }
  }

  #enter(argv: readonly string[]): string[] {
    if (this.#creator === undefined) {
      throw new LinecardError('LC_CLOSED', `${this.name} is down: cannot run ${argv.join(' ')}`);
    }
    return ['nsenter', '-t', String(this.#pid), '-m', '-n', '-u', '-i', '-p', '--', ...argv];
  }

  #track<T>(program: Promise<T>): Promise<T> {
    this.#programs.add(program);
    const forget = (): void => void this.#programs.delete(program);
    program.then(forget, forget);
    return program;
  }
}
