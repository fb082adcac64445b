import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bed, Snapshot } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { describeSystem, useBed } from './support/system.js';

const script = fileURLToPath(new URL('../quickstart', import.meta.url));
const stateFolder = '/run/quickstart';

/** The machine's own /usr/local/bin is not to be touched, and dockerd's cgroups are to go with the bed. */
async function prepare(bed: Bed): Promise<void> {
  await bed.exec(['mount', '-t', 'tmpfs', 'none', '/usr/local/bin']);
  const settings = {
    'cgroup-parent': `/${bed.name}`,
    'storage-driver': 'vfs',
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
  };
  writeFileSync(bed.path('/etc/docker/daemon.json'), JSON.stringify(settings));
}

async function quickstart(bed: Bed, ...args: string[]) {
  const env = { LINECARD_QUICKSTART_STATE: stateFolder };
  return bed.exec([script, ...args], { env, timeoutMs: 110_000, allowFail: true });
}

/** Without the chains of iptables that are there once anybody has asked iptables anything. */
function essence({ nft, iptables, ...rest }: Snapshot): object {
  const rules = iptables.filter((line) => / -[AN] /.test(line) || /:FORWARD (?!ACCEPT)/.test(line));
  const named = nft.filter((line) => /table (?!ip6? (nat|filter|raw|mangle))|jump|DOCKER|LINECARD/.test(line));
  return { ...rest, rules, named };
}

function steps(stdout: string): Map<string, string> {
  const lines = stdout.matchAll(/^ *\d+ {2}(\S.*?) {2,}(\S.*?) +\d+ ms$/gm);
  return new Map([...lines].map(([, title, outcome]) => [title!, outcome!]));
}

describeSystem('quickstart on a machine without systemd', () => {
  const theBed = useBed({}, prepare);
  let before: Snapshot;

  it('leads from nothing to two containers that ping each other', async () => {
    const bed = theBed();
    before = await bed.snapshot();
    const { stdout, stderr, status } = await quickstart(bed);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('3 packets transmitted, 3 packets received, 0% packet loss');
    expect(stdout).toMatch(/^demo +demo-1 +eth0 +1 /m);
    expect(stdout).toMatch(/^demo +demo-2 +eth0 +2 /m);
    expect(steps(stdout).get('image busybox')).toBe("made from the distribution's busybox");
    expect((await bed.exec(['linecard', 'port', 'demo-2'])).stdout).toMatch(/^eth0,2,/);
    // The kernel has no datapath here, so it is quickstart that turns offloads on.
    expect(await bed.vsctl('get', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable')).toBe('"true"');
  });

  it('finds everything done when run again', async () => {
    const bed = theBed();
    const id = await bed.docker('ps', '-q', '--no-trunc');
    const { stdout, status } = await quickstart(bed);
    expect(status, stdout).toBe(0);
    expect(Object.fromEntries(steps(stdout))).toMatchObject({
      'packages of the distribution': 'nothing is missing',
      'npm dependencies': 'they are there',
      'Open vSwitch': 'it runs',
      'command linecard': 'it is there',
      Linecard: 'it runs',
      Docker: 'it runs',
      'image busybox': 'it is there',
      'network demo': 'it is there',
      'containers demo-1, demo-2': 'they run',
    });
    expect(await bed.docker('ps', '-q', '--no-trunc')).toBe(id);
  });

  it('stops nothing that others use', async () => {
    const bed = theBed();
    await bed.docker('run', '-td', '--name', 'guest', '--net', 'none', 'busybox');
    const { stdout, status } = await quickstart(bed, '--down');
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('left running, because others use them: guest');
    expect(await bed.docker('ps', '--format', '{{.Names}}')).toBe('guest');
    expect(await bed.docker('network', 'ls', '-q', '--filter', 'driver=ovs')).toBe('');
    await bed.docker('rm', '-f', 'guest');
  });

  it('removes all that it made', async () => {
    const bed = theBed();
    const { stdout, status } = await quickstart(bed, '--down');
    expect(status, stdout).toBe(0);
    expect(essence(await bed.snapshot())).toEqual(essence(before));
    expect((await bed.exec(['ls', '/usr/local/bin'])).stdout).toBe('');
    for (const left of ['/etc/openvswitch/conf.db', stateFolder]) expect(existsSync(bed.path(left)), left).toBe(false);
    expect((await quickstart(bed, '--down')).stdout).toBe('There is nothing to remove.\n');
  });
});

describeSystem('quickstart where everything runs already', () => {
  const theBed = useBed({ ovs: { tso: false }, docker: true }, async (bed) => {
    await bed.exec(['mount', '-t', 'tmpfs', 'none', '/usr/local/bin']);
    await bed.daemon();
  });

  it('leaves to --down only what it made itself', async () => {
    const bed = theBed();
    await bed.docker('network', 'create', '-d', 'ovs', 'mine');
    await bed.docker('run', '-td', '--name', 'guest', '--net', 'mine', 'busybox');
    const before = await bed.snapshot();
    const { stdout, status } = await quickstart(bed);
    expect(status, stdout).toBe(0);
    expect(await bed.vsctl('get', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable')).toBe('"false"');
    const down = await quickstart(bed, '--down');
    expect(down.status, down.stdout).toBe(0);
    expect(steps(down.stdout).get('Docker')).toBe('it was there before');
    expect(essence(await bed.snapshot())).toEqual(essence(before));
    expect(await bed.docker('ps', '--format', '{{.Names}}')).toBe('guest');
    expect(await bed.docker('image', 'ls', '-q', 'busybox')).not.toBe('');
  });

  it('refuses a network of the same name and another kind, and says where the rest is', async () => {
    const bed = theBed();
    await bed.docker('network', 'create', 'demo');
    const { stdout, stderr, status } = await quickstart(bed);
    expect(status).toBe(1);
    expect(stdout).toContain('a network demo with driver bridge exists already');
    expect(stderr).toContain(`${stateFolder}/quickstart.log`);
    expect(readFileSync(bed.path(`${stateFolder}/quickstart.log`), 'utf8')).toContain('--- network demo');
  });
});
