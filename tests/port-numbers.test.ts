import { existsSync } from 'node:fs';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { idsOf, numbers, rows } from './support/rows.js';
import { startDaemon, whenSound } from './support/survival.js';
import { describeSystem, useBed } from './support/system.js';

const bridge = 'numbers';

async function run(bed: Bed, name: string, ...args: string[]): Promise<string> {
  const [options, command] = args.includes('--')
    ? [args.slice(0, args.indexOf('--')), args.slice(args.indexOf('--') + 1)]
    : [args, []];
  return bed.docker('run', '-td', '--name', name, '--network', 'net', ...options, 'busybox', ...command);
}

/** Waits until the containers have these numbers. */
function haveNumbers(
  bed: Bed,
  wanted: Readonly<Record<string, number>>,
  after: string,
  timeoutMs = 10_000,
): Promise<void> {
  return eventually(async () => expect(await numbers(bed, bridge)).toMatchObject(wanted), {
    what: `the numbers after ${after}`,
    timeoutMs,
  });
}

describeSystem('the OpenFlow port number of a container', () => {
  const theBed = useBed({ ovs: true, docker: { liveRestore: true } }, async (bed) => {
    await startDaemon(bed);
    await bed.docker(
      'network',
      'create',
      '-d',
      'ovs',
      '-o',
      `ovs.bridge.name=${bridge}`,
      '--subnet',
      '172.20.0.0/24',
      'net',
    );
  });
  let kept: Record<string, number>;
  let restoresLive = true;

  it('is in the row that tells everything of the port', async () => {
    const bed = theBed();
    const web = await run(bed, 'web', '--mac-address', '02:00:00:00:00:77', '--ip', '172.20.0.77');
    await Promise.all(['db', 'cache'].map((name) => run(bed, name)));
    await whenSound(bed, 'starting three containers');
    kept = await numbers(bed, bridge);
    expect(new Set(Object.values(kept)).size).toBe(3);
    const row = (await rows(bed, 'Interface')).find((one) => idsOf(one)['container-name'] === 'web')!;
    const [networkId, endpointId] = await Promise.all([
      bed.docker('network', 'inspect', '-f', '{{.Id}}', 'net'),
      bed.docker('inspect', '-f', '{{.NetworkSettings.Networks.net.EndpointID}}', 'web'),
    ]);
    expect(idsOf(row)).toMatchObject({
      'network-id': networkId,
      'network-name': 'net',
      'endpoint-id': endpointId,
      'container-id': web,
      'container-name': 'web',
      'attached-mac': '02:00:00:00:00:77',
      ip: '172.20.0.77/24',
    });
  });

  it('outlives a restart of the container, alone and of several at once', async () => {
    const bed = theBed();
    await bed.docker('restart', '-t', '0', 'web');
    await haveNumbers(bed, kept, 'a restart');
    await Promise.all(['web', 'db'].map((name) => bed.docker('restart', '-t', '0', name)));
    await haveNumbers(bed, kept, 'two restarts at once');
    await whenSound(bed, 'the restarts');
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('outlives the daemon (%s)', async (signal) => {
    const bed = theBed();
    await bed.killDaemon(signal);
    await startDaemon(bed);
    await haveNumbers(bed, kept, 'a restart of the daemon');
    await bed.docker('restart', '-t', '0', 'db');
    await haveNumbers(bed, kept, 'a restart of a container under the new daemon');
  });

  it.each([
    ['ovs-vswitchd', 'TERM'],
    ['ovs-vswitchd', 'KILL'],
    ['ovsdb-server', 'TERM'],
    ['ovsdb-server', 'KILL'],
  ] as const)('outlives %s (%s)', async (daemon, signal) => {
    const bed = theBed();
    if (daemon === 'ovs-vswitchd') await bed.stopVswitchd(signal);
    else await bed.stopOvsdb(signal);
    await bed.startOvs();
    await haveNumbers(bed, kept, `${signal} of ${daemon}`);
    await whenSound(bed, `${signal} of ${daemon}`);
  });

  it('belongs to a stopped container as long as Docker has it, and to others afterwards', async () => {
    const bed = theBed();
    await bed.docker('stop', '-t', '0', 'web');
    await run(bed, 'other');
    await whenSound(bed, 'starting another container');
    const { other } = await numbers(bed, bridge);
    expect(Object.values(kept)).not.toContain(other);
    await bed.docker('start', 'web');
    await haveNumbers(bed, { ...kept, other: other! }, 'starting the stopped one again');
    await bed.docker('rm', '-f', 'other');
    await run(bed, 'third', '--network-alias', 'x');
    await haveNumbers(bed, { ...kept, third: other! }, 'removing one and starting another');
    await bed.docker('rm', '-f', 'third');
  });

  it('comes back to a container that is recreated under the same name, and moves with a rename', async () => {
    const bed = theBed();
    await bed.docker('rm', '-f', 'cache');
    await run(bed, 'cache');
    await haveNumbers(bed, kept, 'recreating');
    await bed.docker('rename', 'cache', 'store');
    const { cache, ...others } = kept;
    await haveNumbers(bed, { ...others, store: cache! }, 'a rename');
    await bed.docker('restart', '-t', '0', 'store');
    await haveNumbers(bed, { ...others, store: cache! }, 'a restart after the rename');
    await bed.docker('rename', 'store', 'cache');
    await haveNumbers(bed, kept, 'the rename back');
  });

  it('stays with a container that was renamed while it, or the daemon, did not run', async () => {
    const bed = theBed();
    const { cache, ...others } = kept;
    await bed.docker('stop', '-t', '0', 'cache');
    await bed.docker('rename', 'cache', 'store');
    await bed.docker('start', 'store');
    await haveNumbers(bed, { ...others, store: cache! }, 'a start after the rename');
    await bed.killDaemon('SIGKILL');
    await bed.docker('rename', 'store', 'cache');
    await startDaemon(bed);
    await haveNumbers(bed, kept, 'a rename that nobody saw');
    await whenSound(bed, 'the renames');
  });

  it('goes to the container that replaces a stopped and renamed one, as Compose does it', async () => {
    const bed = theBed();
    await bed.docker('stop', '-t', '0', 'cache');
    await bed.docker('rename', 'cache', 'old_cache');
    await run(bed, 'cache');
    await haveNumbers(bed, kept, 'the replacement');
    await bed.docker('start', 'old_cache');
    await whenSound(bed, 'the old one again');
    const { old_cache, ...others } = await numbers(bed, bridge);
    expect(others).toEqual(kept);
    expect(Object.values(kept)).not.toContain(old_cache);
    await bed.docker('rm', '-f', 'old_cache');
    await haveNumbers(bed, kept, 'removing the old one');
  });

  it('can be chosen, and is refused when it belongs to somebody', async () => {
    const bed = theBed();
    const choose = (name: string, number: number) =>
      bed.docker('run', '-td', '--name', name, '--network', `name=net,driver-opt=ovs.port.number=${number}`, 'busybox');
    await choose('chosen', 77);
    await haveNumbers(bed, { ...kept, chosen: 77 }, 'choosing 77');
    await bed.docker('restart', '-t', '0', 'chosen');
    await haveNumbers(bed, { ...kept, chosen: 77 }, 'a restart');
    await expect(choose('greedy', 77)).rejects.toThrow(/ovs\.port\.number: 77 .* belongs to chosen/);
    await bed.docker('rm', '-f', 'greedy');
    await bed.docker('stop', '-t', '0', 'chosen');
    // Nobody can know yet whether this is the container that chose the number before: it has to give it back.
    await choose('greedy', 77);
    await bed.docker('start', 'chosen');
    await haveNumbers(bed, { ...kept, chosen: 77 }, 'the return of the one that chose first');
    expect((await numbers(bed, bridge)).greedy).not.toBe(77);
    await bed.docker('rm', '-f', 'greedy');
    await bed.docker('stop', '-t', '0', 'web');
    await expect(choose('greedy', kept.web!)).rejects.toThrow(/belongs to web/);
    await bed.docker('rm', '-f', 'greedy');
    await bed.docker('start', 'web');
    await bed.docker('rm', '-f', 'chosen');
    await choose('second', 77);
    await haveNumbers(bed, { ...kept, second: 77 }, 'choosing the number of a removed container');
    await bed.docker('rm', '-f', 'second');
    await whenSound(bed, 'all this');
  });

  it('is in force before the first packet of the container', async () => {
    const bed = theBed();
    await run(bed, 'talker', '--', 'ping', '-i', '0.1', '172.20.0.77');
    await whenSound(bed, 'starting a container that talks at once');
    const { talker } = await numbers(bed, bridge);
    const known = [...Object.values(kept), talker!];
    // A new container takes the lowest free number, which is not the one that the stopped one will come back to.
    await bed.docker('stop', '-t', '0', 'talker');
    const flows = [...known.map((port) => `priority=10,in_port=${port},actions=NORMAL`), 'priority=1,actions=NORMAL'];
    await bed.ofctl('del-flows', bridge);
    for (const flow of flows) await bed.ofctl('add-flow', bridge, flow);
    await bed.docker('start', 'talker');
    const packets = async (match: string) => {
      const lines = (await bed.ofctl('dump-flows', bridge)).split('\n');
      return Number(/n_packets=(\d+)/.exec(lines.find((line) => line.includes(match)) ?? '')?.[1]);
    };
    await eventually(async () => expect(await packets(`in_port=${talker}`)).toBeGreaterThan(5), { what: 'pings' });
    expect(await packets('priority=1 ')).toBe(0);
    await bed.docker('rm', '-f', 'talker');
    await bed.ofctl('del-flows', bridge);
    await bed.ofctl('add-flow', bridge, 'priority=0,actions=NORMAL');
  });

  it('outlives 16 containers that restart at once', async () => {
    const bed = theBed();
    const names = Array.from({ length: 16 }, (_, i) => `many-${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((name) => run(bed, name)));
    await whenSound(bed, 'starting 16 containers at once');
    const before = await numbers(bed, bridge);
    await Promise.all(names.map((name) => bed.docker('restart', '-t', '0', name)));
    await haveNumbers(bed, before, 'restarting 16 at once');
    await whenSound(bed, 'restarting 16 at once');
    await bed.docker('rm', '-f', ...names);
  });

  it('is given also while ports are being published', async () => {
    const bed = theBed();
    await bed.docker(
      'network',
      'create',
      '-d',
      'ovs',
      '-o',
      'ovs.bridge.name=open',
      '-o',
      'ovs.bridge.mode=nat',
      'open',
    );
    const start = (name: string, ...args: string[]) =>
      bed.docker('run', '-td', '--name', name, '--network', 'open', ...args, 'busybox');
    await start('front');
    await start('back', '-p', '8080:80');
    const before = { front: 1, back: 2 };
    await eventually(async () => expect(await numbers(bed, 'open')).toEqual(before), { what: 'the first numbers' });
    await bed.docker('stop', '-t', '0', 'front', 'back');

    // Until this nft goes on, the ports of `back` are being published; meanwhile the start of `front` tells whose both are.
    await bed.exec(['mount', '-t', 'tmpfs', 'none', '/usr/local/sbin']);
    const script = '#!/bin/sh\nmkfifo /run/gate 2>/dev/null && : >/run/gate\nexec /usr/sbin/nft "$@"\n';
    await bed.exec(['tee', '/usr/local/sbin/nft'], { input: script });
    await bed.exec(['chmod', '755', '/usr/local/sbin/nft']);
    try {
      const publishing = bed.docker('start', 'back');
      await eventually(() => expect(existsSync(bed.path('/run/gate'))).toBe(true), { what: 'nft to be asked' });
      await bed.docker('start', 'front');
      await eventually(async () => expect(await numbers(bed, 'open')).toEqual(before), { what: 'both to be known' });
      await bed.exec(['cat', '/run/gate']);
      await publishing;
    } finally {
      await bed.exec(['umount', '/usr/local/sbin']);
    }
    await whenSound(bed, 'publishing');
    expect(await numbers(bed, 'open')).toEqual(before);
    await bed.docker('rm', '-f', 'front', 'back');
    await bed.docker('network', 'rm', 'open');
  });

  it.each([
    ['with live-restore', 'TERM', true],
    ['with live-restore', 'KILL', true],
    ['without live-restore', 'TERM', false],
    ['without live-restore', 'KILL', false],
  ] as const)('outlives dockerd %s (%s)', async (_, signal, liveRestore) => {
    const bed = theBed();
    if (liveRestore !== restoresLive) {
      await bed.stopDocker('TERM');
      await bed.startDocker({ liveRestore });
      await bed.docker('start', ...Object.keys(kept));
      restoresLive = liveRestore;
    }
    await bed.stopDocker(signal);
    await bed.startDocker({ liveRestore });
    await bed.docker('start', ...Object.keys(kept));
    await haveNumbers(bed, kept, `${signal} of dockerd`);
    await whenSound(bed, `${signal} of dockerd`);
  });

  it('outlives the machine', async () => {
    const bed = theBed();
    await bed.reboot();
    await Promise.all([bed.startOvs(), bed.startDocker(), startDaemon(bed)]);
    // The other way round than before, so that it is not chance that gives the same numbers.
    for (const name of ['cache', 'db', 'web']) await bed.docker('start', name);
    await haveNumbers(bed, kept, 'a reboot');
    await whenSound(bed, 'a reboot');
  });
});
