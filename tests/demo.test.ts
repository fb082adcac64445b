import { fileURLToPath } from 'node:url';
import { type Bed, waitUntil } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { describeSystem, useBed } from './support/system.js';

const linecardMain = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));
const controllerImage = fileURLToPath(new URL('../scripts/images/controller.sh', import.meta.url));

// What the article tells to type.
const ping = ['ping', '-c', '5', '-W', '1', '172.31.1.2'];
const dig = ['dig', '@172.31.1.2', '+time=1', '+tries=1', '+short', 'xyzzy.example.com'];

/** Runs a program in a guest and tells whether it succeeded. */
async function inside(bed: Bed, guest: string, argv: readonly string[]): Promise<boolean> {
  return (await bed.exec(['docker', 'exec', guest, ...argv], { allowFail: true })).status === 0;
}

/** One ping: enough to see whether a door is open. */
const passes = (bed: Bed, host: string, guest = 'kiwipycon_h1') =>
  inside(bed, guest, ['ping', '-c', '1', '-W', '1', host]);

/** The flows of the bridge as the article prints them, without what differs from run to run. */
async function flows(bed: Bed): Promise<string[]> {
  const dump = await bed.ofctl('dump-flows', 'kiwipycon');
  const lines = dump.split('\n').slice(1);
  return lines.map((line) => line.replace(/^.* (?:idle_age=\d+, )(?:hard_age=\d+, )?/, '').trim()).sort();
}

async function portOf(bed: Bed, guest: string): Promise<{ port: string; mac: string }> {
  const [, port = '', mac = ''] = (await bed.linecard('port', guest, 'kiwipycon')).split(',');
  return { port, mac };
}

/** The four flows of the article, for guests at these ports. */
function walls(h1: string, h2: string): string[] {
  return [
    'priority=30,arp actions=FLOOD',
    `priority=20,in_port=${h1} actions=drop`,
    `priority=20,in_port=${h2} actions=FLOOD`,
    `priority=30,udp,in_port=${h1} actions=CONTROLLER:65535`,
  ].sort();
}

const door = (mac: string) => `priority=40,dl_src=${mac} actions=FLOOD`;

describeSystem('linecard demo kiwipycon, without a daemon', () => {
  const theBed = useBed({ ovs: true, docker: true });

  it('is the article: timeouts, a name asked for, and then the same ping works', async () => {
    const bed = theBed();
    const demo = bed.spawn(['node', linecardMain, 'demo', 'kiwipycon']);
    await waitUntil(() => demo.exit !== undefined || demo.log().includes('the example is up'), {
      timeoutMs: 30_000,
      what: 'the example to be up',
    });
    expect(demo.log()).toMatch(
      /building the image linecard\/guest.*kiwipycon_h1 is on kiwipycon: eth0 172\.31\.1\.1\/24/s,
    );
    expect(await bed.vsctl('list-br')).toBe('kiwipycon');
    expect(await bed.vsctl('get-controller', 'kiwipycon')).toBe('tcp:127.0.0.1:6633');
    const h1 = await portOf(bed, 'kiwipycon_h1');
    const h2 = await portOf(bed, 'kiwipycon_h2');
    const before = walls(h1.port, h2.port);
    await eventually(async () => expect(await flows(bed)).toEqual(before), { what: 'the walls' });

    expect(await inside(bed, 'kiwipycon_h1', ping)).toBe(false);
    await inside(bed, 'kiwipycon_h1', ['dig', '@172.31.1.2', '+time=1', '+tries=1', '+short', 'other.example.com']);
    expect(await flows(bed)).toEqual(before);

    // Nobody serves DNS there: the question is the knock, not the answer.
    await inside(bed, 'kiwipycon_h1', dig);
    await eventually(async () => expect(await flows(bed)).toEqual([...before, door(h1.mac)].sort()), {
      what: 'the door to be open',
    });
    expect(await inside(bed, 'kiwipycon_h1', ping)).toBe(true);
    expect(demo.log()).toContain('kiwipycon_h1 asked for xyzzy.example.com: the door is open');
    expect(await bed.linecard('flows', 'kiwipycon')).toContain(`in_port=${h1.port}(kiwipycon_h1)`);

    // A restarted guest has lost its door, and gets it again on the port that it had.
    await bed.docker('restart', '-t', '0', 'kiwipycon_h1');
    await eventually(() => expect(demo.log().match(/kiwipycon_h1 is on kiwipycon/g)).toHaveLength(2), {
      what: 'h1 to be back',
    });
    expect(await portOf(bed, 'kiwipycon_h1')).toEqual(h1);
    await eventually(async () => expect(await flows(bed)).toEqual(before), { what: 'the walls after the restart' });
    expect(await passes(bed, '172.31.1.2')).toBe(false);
    await inside(bed, 'kiwipycon_h1', dig);
    await eventually(async () => expect(await passes(bed, '172.31.1.2')).toBe(true), {
      what: 'the door to open again',
    });

    expect(await demo.kill('SIGINT')).toEqual({ status: 0, signal: null });
    // What was installed goes on without the controller.
    expect(await passes(bed, '172.31.1.2')).toBe(true);
    await bed.linecard('demo', 'kiwipycon', '--down');
    expect(await bed.vsctl('list-br')).toBe('');
    expect(await bed.docker('ps', '-aq')).toBe('');
    expect((await bed.links()).filter(({ ifname }) => /^lc/.test(ifname))).toEqual([]);
  });
});

describeSystem('linecard demo kiwipycon, with a daemon', () => {
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    await bed.daemon();
  });

  it('runs in the background, guards whom it is told, and closes doors', async () => {
    const bed = theBed();
    const options = ['--knock-name', 'Open.Sesame', '--guarded', 'kiwipycon_h2', '--open-seconds', '3'];
    const shown = await bed.linecard('demo', 'kiwipycon', '--detach', ...options);
    expect(shown).toContain('docker exec kiwipycon_h2 dig @172.31.1.1 +time=1 +tries=1 +short Open.Sesame');
    const again = await bed.exec(['node', linecardMain, 'demo', 'kiwipycon', '--detach'], { allowFail: true });
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('the example runs already') });

    await eventually(async () => expect(await flows(bed)).toHaveLength(4), { what: 'the walls' });
    expect(await passes(bed, '172.31.1.1', 'kiwipycon_h2')).toBe(false);
    await inside(bed, 'kiwipycon_h2', ['dig', '@172.31.1.1', '+time=1', '+tries=1', '+short', 'open.sesame']);
    expect(await passes(bed, '172.31.1.1', 'kiwipycon_h2')).toBe(true);
    await eventually(async () => expect(await flows(bed)).toHaveLength(4), { what: 'the door to close' });
    expect(await passes(bed, '172.31.1.1', 'kiwipycon_h2')).toBe(false);
  });

  it('leaves nothing behind', async () => {
    const bed = theBed();
    await bed.linecard('demo', 'kiwipycon', '--down');
    expect(await bed.vsctl('list-br')).toBe('');
    expect(await bed.docker('ps', '-aq')).toBe('');
    expect(await bed.linecard('networks', '--json')).toBe('[]');
    expect((await bed.processes()).filter((line) => line.includes('demo kiwipycon'))).toEqual([]);
    // Nothing of it comes back by the daemon.
    await bed.killDaemon('SIGTERM');
    await bed.daemon();
    expect(await bed.linecard('networks', '--json')).toBe('[]');
  });

  it('has its controller in a container as well, as the article has', async () => {
    const bed = theBed();
    await bed.exec([controllerImage], { timeoutMs: 60_000 });
    // The image of the guests is there from before.
    for (const [name, address] of [
      ['kiwipycon_h1', '172.31.1.1/24'],
      ['kiwipycon_h2', '172.31.1.2/24'],
    ] as const) {
      await bed.docker('run', '-itd', '--net=none', '--name', name, 'linecard/guest');
      await bed.linecard('attach', 'kiwipycon', name, address, '--controller', 'tcp:127.0.0.1:6633');
    }
    const run = ['controller', 'run', 'knock', '--listen', 'tcp:0.0.0.0:6633'];
    const guests = ['--option', 'guarded=1', '--option', 'free=2'];
    await bed.docker(
      'run',
      '-d',
      '--name',
      'ryu',
      '-p',
      '127.0.0.1:6633:6633',
      'linecard/controller',
      ...run,
      ...guests,
    );
    await eventually(async () => expect(await flows(bed)).toEqual(walls('1', '2')), { what: 'the walls' });
    expect(await passes(bed, '172.31.1.2')).toBe(false);
    await inside(bed, 'kiwipycon_h1', dig);
    await eventually(async () => expect(await passes(bed, '172.31.1.2')).toBe(true), { what: 'the door to open' });
    const { mac } = await portOf(bed, 'kiwipycon_h1');
    expect(await flows(bed)).toEqual([...walls('1', '2'), door(mac)].sort());
  });
});
