import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { column, portOf, useDriver } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { numbers } from './support/rows.js';
import { whenSound } from './support/survival.js';
import { describeSystem } from './support/system.js';

const page = readFileSync(fileURLToPath(new URL('../docs/compose.md', import.meta.url)), 'utf8');
const file = /^```yaml\n(.*?)^```$/ms.exec(page)![1]!;
const folder = '/run/shop';

function write(bed: Bed, text: string): void {
  mkdirSync(bed.path(folder), { recursive: true });
  writeFileSync(bed.path(`${folder}/docker-compose.yml`), text);
}

async function compose(bed: Bed, ...args: string[]) {
  const argv = ['docker-compose', '--project-directory', folder, '-f', `${folder}/docker-compose.yml`, ...args];
  return bed.exec(argv, { timeoutMs: 90_000, allowFail: true });
}

/** Runs docker-compose, which must succeed, and returns what it says. */
async function composed(bed: Bed, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await compose(bed, ...args);
  expect(status, `docker-compose ${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout + stderr;
}

describeSystem('the compose file that docs/compose.md shows', () => {
  const theBed = useDriver({}, async (bed) => write(bed, file));
  const front = { shop_db_1: 1, shop_web_1: 2 };
  const back = { shop_db_1: 1, shop_store_1: 2 };

  async function expectNumbers(bed: Bed): Promise<void> {
    await eventually(
      async () => expect([await numbers(bed, 'front'), await numbers(bed, 'back')]).toEqual([front, back]),
      {
        what: 'the OpenFlow port numbers',
      },
    );
  }

  async function ping(bed: Bed, from: string, to: string): Promise<string> {
    return composed(bed, 'exec', '-T', from, 'ping', '-c', '1', '-W', '2', to);
  }

  it('makes its networks and containers', async () => {
    const bed = theBed();
    await composed(bed, 'up', '-d');
    for (const name of Object.keys({ ...front, ...back })) expect(await composed(bed, 'ps')).toMatch(`${name} `);
    expect(await composed(bed, 'ps', '-q')).toMatch(/^([0-9a-f]{64}\n){3}$/);
    await expectNumbers(bed);
    expect(await bed.docker('network', 'inspect', '-f', '{{.Driver}}', 'shop_front', 'shop_back')).toBe(
      'dovesnap\novs',
    );
  });

  it('passes options, addresses, names and ports on', async () => {
    const bed = theBed();
    expect(await column(bed, 'Bridge', 'front', 'datapath_id')).toBe('000000000000001f');
    const web = await portOf(bed, 'shop_web_1', 'shop_front');
    expect(await column(bed, 'Interface', web, 'mtu')).toBe('1400');
    expect(await column(bed, 'Interface', web, 'external_ids:attached-mac')).toBe('0e:00:00:00:00:10');
    expect(await column(bed, 'Port', await portOf(bed, 'shop_store_1', 'shop_back'), 'tag')).toBe('100');
    expect(await ping(bed, 'db', 'www')).toContain('(172.30.1.10)');
    expect(await ping(bed, 'web', 'db')).toContain('(172.30.1.20)');
    expect(await ping(bed, 'store', 'db')).toContain('(172.30.2.20)');
    expect(await bed.linecard('port', 'shop_web_1', 'front')).toBe('eth0,2,0e:00:00:00:00:10');
    const { stdout } = await bed.exec(['curl', '-s', '-m', '5', 'http://127.0.0.1:8081/hostname']);
    expect(stdout.trim()).toBe(await bed.docker('exec', 'shop_web_1', 'cat', '/etc/hostname'));
  });

  it('keeps the numbers over a restart', async () => {
    const bed = theBed();
    await composed(bed, 'restart', '-t', '5');
    await expectNumbers(bed);
    await ping(bed, 'web', 'db');
    await whenSound(bed, 'restart');
  });

  it('keeps the numbers when a changed service gets new containers', async () => {
    const bed = theBed();
    const before = await composed(bed, 'ps', '-q');
    write(bed, file.replaceAll('init: true', 'init: true\n    environment: { CHANGED: "yes" }'));
    await composed(bed, 'up', '-d', '-t', '5');
    const after = new Set((await composed(bed, 'ps', '-q')).split('\n'));
    expect(
      before
        .trim()
        .split('\n')
        .filter((id) => after.has(id)),
    ).toEqual([]);
    await expectNumbers(bed);
    expect(await ping(bed, 'web', 'db')).toContain('(172.30.1.20)');
    await whenSound(bed, 'an up that replaced containers');
  });

  it('lets Compose refuse a changed network, under which everything runs on', async () => {
    const bed = theBed();
    write(bed, file.replace('ovs.bridge.mtu: 1400', 'ovs.bridge.mtu: 1300'));
    const { status, stderr } = await compose(bed, 'up', '-d');
    expect(status).not.toBe(0);
    expect(stderr).toContain('option "ovs.bridge.mtu" has changed');
    await ping(bed, 'web', 'db');
    await expectNumbers(bed);
  });

  it('leaves nothing behind with down, and has the same numbers after the next up', async () => {
    const bed = theBed();
    await composed(bed, 'down', '-t', '5');
    expect(await bed.vsctl('list-br')).toBe('');
    await composed(bed, 'up', '-d');
    await expectNumbers(bed);
    expect(await column(bed, 'Interface', await portOf(bed, 'shop_web_1', 'shop_front'), 'mtu')).toBe('1300');
    await ping(bed, 'web', 'db');
    await composed(bed, 'down', '-t', '5');
    expect(await bed.docker('network', 'ls', '-q', '--filter', 'name=shop')).toBe('');
    expect(await bed.vsctl('list-br')).toBe('');
  });
}, ['docker-compose', 'curl']);
