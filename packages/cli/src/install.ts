import { access, chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { askDaemon } from './control.js';
import { launcher, marker, type Program, serviceUnit, socketUnit } from './units.js';

const command = '/usr/local/bin/linecard';
const unitFolder = '/etc/systemd/system';
const units = ['linecard.socket', 'linecard.service'] as const;

/** Tells what was done, one line for each thing. */
export type Tell = (line: string) => void;

interface WantedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** This very program, by the paths that do not change with the working directory. */
function thisProgram(): Program {
  return { node: process.execPath, main: fileURLToPath(new URL('./main.js', import.meta.url)) };
}

/** Whether systemd is the first process (sd_booted(3)). */
async function isBooted(): Promise<boolean> {
  return access('/run/systemd/system').then(
    () => true,
    () => false,
  );
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refused(`read ${path}`, error);
  }
}

function refused(what: string, error: unknown): LinecardError {
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = code === 'EACCES' || code === 'EPERM' ? { hint: 'use sudo' } : {};
  return new LinecardError('LC_KERNEL', `cannot ${what}: ${message}`, { ...hint, cause: error });
}

async function isOurs(path: string): Promise<boolean> {
  const content = await contentOf(path);
  if (content === undefined) return false;
  if (content.includes(marker)) return true;
  throw new LinecardError('LC_CONFLICT', `${path} exists and was not made by linecard install`, {
    hint: 'move it away, if nobody needs it',
  });
}

/** Returns whether anything had to be written. */
async function writeWanted({ path, text, mode }: WantedFile, tell: Tell): Promise<boolean> {
  if ((await isOurs(path)) && (await contentOf(path)) === text) return false;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, text, { mode });
    await chmod(`${path}.new`, mode);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw refused(`write ${path}`, error);
  }
  tell(`wrote ${path}`);
  return true;
}

const systemctl = (...args: string[]) => run(['systemctl', ...args], { timeoutMs: 60_000 });

async function isActive(unit: string): Promise<boolean> {
  try {
    await systemctl('is-active', '--quiet', unit);
    return true;
  } catch (error) {
    if (error instanceof CommandError && !error.missing) return false;
    throw error;
  }
}

/** A daemon that was started by hand would hold the sockets that systemd is to open. */
async function refuseOtherDaemon(): Promise<void> {
  if (await isActive('linecard.service')) return;
  const other = await askDaemon((api) => api.status()).catch(() => undefined);
  if (other === undefined) return;
  throw new LinecardError('LC_CONFLICT', `a daemon that systemd did not start runs already, pid ${other.pid}`, {
    hint: `end it first: kill ${other.pid}`,
  });
}

/** Puts the command on the PATH and, where systemd runs, the daemon under its care. Again, it changes nothing. */
export async function install(tell: Tell): Promise<void> {
  const program = thisProgram();
  const booted = await isBooted();
  if (booted) await refuseOtherDaemon();
  const linked = await writeWanted({ path: command, text: launcher(program), mode: 0o755 }, tell);
  if (!booted) {
    tell('systemd does not run here: start the daemon yourself, before dockerd: linecard up');
    return;
  }
  const files: WantedFile[] = [
    { path: `${unitFolder}/linecard.socket`, text: socketUnit(), mode: 0o644 },
    { path: `${unitFolder}/linecard.service`, text: serviceUnit(program), mode: 0o644 },
  ];
  let changed = false;
  for (const file of files) changed = (await writeWanted(file, tell)) || changed;
  const running = await isActive('linecard.service');
  if (changed) await systemctl('daemon-reload');
  await systemctl('enable', '--now', ...units);
  if (changed && running) await systemctl('restart', 'linecard.service');
  if (changed || !running) tell('systemd runs the daemon, now and after every boot');
  else if (!linked) tell('everything is installed already');
}

/** Removes what {@link install} made, and nothing else. */
export async function uninstall(tell: Tell): Promise<void> {
  const paths = [...units.map((unit) => `${unitFolder}/${unit}`), command];
  const ours: string[] = [];
  for (const path of paths) if (await isOurs(path)) ours.push(path);
  const installed = units.filter((unit) => ours.includes(`${unitFolder}/${unit}`));
  const booted = await isBooted();
  if (booted && installed.length > 0) await systemctl('disable', '--now', ...installed);
  for (const path of ours) {
    await rm(path).catch((error: unknown) => {
      throw refused(`remove ${path}`, error);
    });
    tell(`removed ${path}`);
  }
  if (booted && installed.length > 0) await systemctl('daemon-reload');
  if (ours.length === 0) tell('nothing is installed');
}
