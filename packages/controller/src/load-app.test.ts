import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openflow from '@linecard/openflow';
import * as packet from '@linecard/packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAppFile } from './app-file.js';
import { Controller } from './controller.js';
import { loadApp, watchApp } from './load-app.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'linecard-app-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const kit = { options: { greeting: 'hi' }, openflow, packet, log: () => undefined };

async function file(name: string, content: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, content);
  return path;
}

describe('an app in a file', () => {
  it('is an object, or a function that gets the kit', async () => {
    const plain = await file('plain.mjs', "export default { name: 'plain', on: {} };");
    expect(await loadApp(plain, { kit })).toMatchObject({ name: 'plain' });
    const made = await file(
      'made.mjs',
      'export default (kit) => ({ name: kit.options.greeting + kit.openflow.ports.flood, on: {} });',
    );
    expect(await loadApp(made, { kit })).toMatchObject({ name: 'hi4294967291' });
  });

  it('is read anew after a change', async () => {
    const path = await file('app.mjs', "export default { name: 'one', on: {} };");
    await loadApp(path, { kit });
    await file('app.mjs', "export default { name: 'two', on: {} };");
    expect((await loadApp(path, { kit })).name).toBe('two');
  });

  it('may be TypeScript with imports beside it, and leaves nothing behind', async () => {
    await file('name.mjs', "export const name = 'typed';");
    const path = await file(
      'app.ts',
      "import { name } from './name.mjs'; export default { name: name as string, on: {} };",
    );
    expect(await loadApp(path, { kit })).toMatchObject({ name: 'typed' });
    expect((await readdir(dir)).sort()).toEqual(['app.ts', 'name.mjs']);
    const broken = await file('broken.ts', 'export default {{');
    await expect(loadApp(broken, { kit })).rejects.toThrow(/broken\.ts:1:16: ERROR: Expected/);
  });

  it.each([
    ['export default 1;', /no name/],
    ["export default { name: 'x' };", /no handlers/],
    ["export default { name: 'x', on: { packetIn: 1 } };", /packetIn/],
    ['export default () => { throw new Error("boom"); };', /boom/],
    ['syntax error', /does not load/],
    ['export default { name: "x", on: { packetIn: 5 } }', /its handler "packetIn" is no function/],
    ['export default { name: "x", on: { packet_in() {} } }', /no event "packet_in" but switchUp, switchDown, packetIn/],
  ])('that is none is refused: %s', async (content, message) => {
    await expect(file('bad.mjs', content).then((path) => loadApp(path, { kit }))).rejects.toThrow(message);
  });

  it('that is not there is refused', async () => {
    await expect(loadApp(join(dir, 'none.mjs'), { kit })).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
  });

  it('is watched, also when an editor replaces it', async () => {
    const path = await file('app.mjs', '');
    const changed = new Promise<void>((resolve) => {
      const stop = watchApp(path, () => {
        stop();
        resolve();
      });
    });
    await rm(path);
    await file('app.mjs', '// new');
    await changed;
  });

  it('is exchanged in a running controller, unless the new one is broken', async () => {
    const controller = new Controller();
    const path = await file('app.mjs', "export default { name: 'one', on: {} };");
    let reloaded: (error: unknown) => void = () => undefined;
    const stop = await runAppFile(controller, path, { kit, onReload: (error) => reloaded(error) });
    const change = async (content: string) => {
      const outcome = new Promise<unknown>((resolve) => {
        reloaded = resolve;
      });
      await file('app.mjs', content);
      return outcome;
    };
    const names = () => controller.apps.map((app) => app.name);
    expect(await change('broken')).toMatchObject({ code: 'LC_INVALID' });
    expect(names()).toEqual(['one']);
    expect(await change("export default { name: 'two', on: {} };")).toBeUndefined();
    expect(names()).toEqual(['two']);
    stop();
    expect(names()).toEqual([]);
  });
});
