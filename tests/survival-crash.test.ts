import { setTimeout } from 'node:timers/promises';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { portOf } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { startDaemon, whenSound } from './support/survival.js';
import { describeSystem, useBed } from './support/system.js';

type Work = (bed: Bed) => Promise<unknown>;

/**
 * Lets the daemon be killed at a step of what `work` makes it do, starts it anew at once, and waits until all is as
 * Docker says. `work` itself may fail: Docker repeats a call whose answer was lost without its body.
 */
async function crash(bed: Bed, step: string, work: Work): Promise<void> {
  await bed.killDaemon();
  const daemon = await startDaemon(bed, { LINECARD_TEST_CRASH: step });
  const working = work(bed).then(
    () => 'lives, and the work is done',
    (error: Error) => `lives, though ${error.message}`,
  );
  // A client may hear of the death of its connection before this process hears of the death of its child.
  const lives = working.then((outcome) => setTimeout(10_000, outcome, { ref: false }));
  const end = await Promise.race([daemon.exited, lives]);
  expect(end, `the daemon at ${step}`).toMatchObject({ signal: 'SIGKILL' });
  await startDaemon(bed);
  await working;
  await whenSound(bed, `a crash at ${step}`);
}

const createNetwork: Work = (bed) =>
  bed.docker(
    ...['network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.mode=nat', '--subnet', '172.21.0.0/24'],
    ...['--gateway', '172.21.0.1', '--ipv6', '--subnet', 'fd00:21::/64', '--gateway', 'fd00:21::1', 'net'],
  );
const runGuest: Work = (bed) =>
  bed.docker('run', '-td', '--name', 'guest', '--network', 'net', '-p', '8080:80', 'busybox');
const attach: Work = (bed) => bed.linecard('attach', 'lab', 'bystander', '172.31.1.1/24');
const detach: Work = (bed) => bed.linecard('detach', 'lab', 'bystander');
const removeGuest: Work = (bed) => bed.docker('rm', '-f', 'guest');

/** The links that wait for containers, by their aliases and names; those of containers have other aliases. */
async function waiting(bed: Bed): Promise<string[]> {
  const { stdout } = await bed.exec(['ip', '-json', 'link']);
  const links = JSON.parse(stdout) as { ifname: string; ifalias?: string }[];
  return links.filter(({ ifalias }) => ifalias === 'linecard spare').map(({ ifname }) => ifname);
}

async function present(bed: Bed, kind: 'network' | 'container', name: string): Promise<boolean> {
  return bed.docker(kind, 'inspect', name).then(
    () => true,
    () => false,
  );
}

describeSystem('a daemon that is killed', () => {
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    await startDaemon(bed);
    await bed.docker('network', 'create', '-d', 'ovs', '--subnet', '172.22.0.0/24', 'other');
    await bed.docker('run', '-td', '--name', 'bystander', '--network', 'other', 'busybox');
    await whenSound(bed, 'the preparation');
  });

  it('leaves no link that waited for a container, and none when it is stopped', async () => {
    const bed = theBed();
    const twoWait = () =>
      eventually(async () => expect(await waiting(bed)).toHaveLength(2), { what: 'two links to wait for containers' });
    const run = (name: string) => bed.docker('run', '-td', '--name', name, '--network', 'other', 'busybox');
    await run('first');
    await twoWait();
    const before = await waiting(bed);
    await run('second');
    expect(before, 'the links that waited').toContain(await portOf(bed, 'second', 'other'));
    await twoWait();
    const dead = await waiting(bed);
    await bed.killDaemon();
    await startDaemon(bed);
    await eventually(async () => expect(await waiting(bed)).toEqual([]), { what: 'the links of a dead daemon to go' });
    await run('third');
    expect(dead).not.toContain(await portOf(bed, 'third', 'other'));
    await twoWait();
    await bed.killDaemon('SIGTERM');
    expect(await waiting(bed)).toEqual([]);
    await startDaemon(bed);
    await bed.docker('rm', '-f', 'first', 'second', 'third');
    await whenSound(bed, 'links that wait');
  });

  it.each(['bridge-committed', 'address-set', 'address-set:2', 'network-made'])(
    'while it makes a network, at %s',
    async (step) => {
      const bed = theBed();
      await crash(bed, step, createNetwork);
      if (await present(bed, 'network', 'net')) await bed.docker('network', 'rm', 'net');
      await createNetwork(bed);
      await bed.docker('network', 'rm', 'net');
      await whenSound(bed, 'making and removing the network again');
    },
  );

  it.each(['bridge-removed', 'links-removed', 'network-removed'])('while it removes a network, at %s', async (step) => {
    const bed = theBed();
    await createNetwork(bed);
    await crash(bed, step, () => bed.docker('network', 'rm', 'net'));
    if (await present(bed, 'network', 'net')) await bed.docker('network', 'rm', 'net');
    await whenSound(bed, 'removing the network');
  });

  it.each([...['link-created', 'row-committed', 'joined', 'ports-held', 'ports-open', 'ports-saved', 'identified']])(
    'while it plugs a container in, at %s',
    async (step) => {
      const bed = theBed();
      if (!(await present(bed, 'network', 'net'))) await createNetwork(bed);
      await crash(bed, step, runGuest);
      await removeGuest(bed);
      await runGuest(bed);
      await whenSound(bed, 'starting the container again');
      await removeGuest(bed);
      await whenSound(bed, 'removing the container');
    },
  );

  it.each(['ports-closed', 'ports-forgotten', 'left', 'row-removed'])(
    'while it unplugs a container, at %s',
    async (step) => {
      const bed = theBed();
      if (!(await present(bed, 'network', 'net'))) await createNetwork(bed);
      await runGuest(bed);
      await crash(bed, step, removeGuest);
      if (await present(bed, 'container', 'guest')) await removeGuest(bed);
      await whenSound(bed, 'removing the container');
    },
  );

  it.each([
    ...['plain-bridge-committed', 'attachment-saved', 'link-created', 'row-committed', 'link-moved', 'link-configured'],
  ])('while it attaches a container, at %s', async (step) => {
    const bed = theBed();
    await crash(bed, step, attach);
    // The crash came after the promise was written down: the next daemon keeps it.
    await attach(bed);
    await whenSound(bed, 'attaching again');
    expect(await bed.docker('exec', 'bystander', 'ip', '-o', 'addr')).toMatch(/eth1\s+inet 172\.31\.1\.1\/24/);
    await detach(bed);
    await whenSound(bed, 'detaching');
    await bed.vsctl('del-br', 'lab');
  });

  it.each(['attachment-forgotten', 'row-removed'])('while it detaches a container, at %s', async (step) => {
    const bed = theBed();
    await attach(bed);
    await crash(bed, step, detach);
    await expect(detach(bed)).rejects.toThrow(/not attached/);
    await bed.vsctl('del-br', 'lab');
  });
});
