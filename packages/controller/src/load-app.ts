import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LinecardError } from '@linecard/wire';
import type { App, AppHandlers, AppKit } from './app.js';
import { asWorkOf, followed } from './app-work.js';
import { transpile } from './transpile.js';

/** What {@link loadApp} needs beside the path. */
export interface LoadOptions {
  /** Handed to an app that is a function. */
  readonly kit: AppKit;
}

/**
 * Loads an app from a file (`.js`, `.mjs`, `.ts`, `.mts`) whose default export is an app, or a function that is called
 * with the kit and returns one. Throws `LC_NOT_FOUND` when there is no such file and `LC_INVALID` when it holds no app.
 */
export async function loadApp(path: string, options: LoadOptions): Promise<App> {
  const file = resolve(path);
  return asWorkOf(basename(file), async () => {
    const exported = (await importFile(file)).default;
    const app: unknown = typeof exported === 'function' ? await exported(options.kit) : exported;
    return followed(checkApp(app, file));
  });
}

/** Says what is wrong with something that should be an app, or returns it. */
export function checkApp(value: unknown, file: string): App {
  const app = value as Partial<App> | undefined;
  const wrong =
    typeof app !== 'object' || app === null || typeof app.name !== 'string' || app.name === ''
      ? 'its default export has no name'
      : whatIsWrongWith(app.on);
  if (wrong === undefined) return app as App;
  throw new LinecardError('LC_INVALID', `${file} is not an app: ${wrong}`, {
    hint: "export default { name: 'mine', on: { packetIn(sw, packet) {} } }",
  });
}

const events: Readonly<Record<keyof AppHandlers, true>> = {
  switchUp: true,
  switchDown: true,
  packetIn: true,
  portStatus: true,
  flowRemoved: true,
};

/** A handler with a misspelt name would be one that nothing ever calls. */
function whatIsWrongWith(handlers: unknown): string | undefined {
  if (typeof handlers !== 'object' || handlers === null) return 'its default export has no handlers ("on")';
  for (const [name, handler] of Object.entries(handlers)) {
    if (!Object.hasOwn(events, name)) return `there is no event "${name}" but ${Object.keys(events).join(', ')}`;
    if (handler !== undefined && typeof handler !== 'function') return `its handler "${name}" is no function`;
  }
  return undefined;
}

async function importFile(file: string): Promise<{ default?: unknown }> {
  const source = await readFile(file, 'utf8').catch((cause) => {
    throw new LinecardError('LC_NOT_FOUND', `cannot read the app ${file}: ${cause.message}`, { cause });
  });
  // A name per load, so that Node's module cache, which never forgets, does not answer with the file of before.
  const load = randomUUID();
  if (!/\.m?ts$/.test(file)) return importUrl(file, `${pathToFileURL(file).href}?load=${load}`);
  return importTranspiled(file, await transpile(source, file), load);
}

// The JavaScript stands beside its source for as long as the import takes, so that the imports of the app resolve from
// where its author wrote them.
async function importTranspiled(file: string, code: string, load: string): Promise<{ default?: unknown }> {
  const beside = join(dirname(file), `.${basename(file)}.${load}.mjs`);
  await writeFile(beside, code, { mode: 0o600 });
  try {
    return await importUrl(file, pathToFileURL(beside).href);
  } finally {
    await rm(beside, { force: true });
  }
}

async function importUrl(file: string, url: string): Promise<{ default?: unknown }> {
  try {
    return await import(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LinecardError('LC_INVALID', `the app ${file} does not load: ${reason}`, { cause });
  }
}

/** How long a file must rest before it is read again: editors write in several steps. In milliseconds. */
const restMs = 100;

/** Calls `changed` when the file was written or replaced. The answer ends it. */
export function watchApp(path: string, changed: () => void): () => void {
  const file = resolve(path);
  let timer: NodeJS.Timeout | undefined;
  // The directory is watched: an editor that replaces the file would leave a watch of the old one behind.
  const watcher = watch(dirname(file), (_event, name) => {
    if (name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, restMs);
  });
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
