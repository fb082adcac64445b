import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { askSocket, Bed, type BedOptions, hostFootprint, uplink, whyNoSystemd } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { describeSystem, useBed } from './support/system.js';

/** Answers as a Docker plugin does, and tells what it was given. */
const stubPlugin = `
  const { mkdirSync, rmSync } = require('node:fs');
  mkdirSync('/run/docker/plugins', { recursive: true });
  rmSync('/run/docker/plugins/ovs.sock', { force: true });
  console.log('mode ' + process.env.MODE);
  require('node:http').createServer((request, response) => response.end('{}')).listen('/run/docker/plugins/ovs.sock');
`;

async function bridges(bed: Bed): Promise<string[]> {
  return (await bed.vsctl('list-br')).split('\n').filter((name) => name !== '');
}

describeSystem('a bed without daemons', () => {
  const theBed = useBed();

  it('has nothing but a loopback interface, and folders of its own', async () => {
    const bed = theBed();
    expect((await bed.links()).map((link) => link.ifname)).toEqual(['lo']);
    expect((await bed.exec(['ls', '/sys/class/net'])).stdout).toBe('lo\n');
    expect((await bed.exec(['hostname'])).stdout.trim()).not.toBe(hostname());
    await bed.exec(['tee', '/run/hello', '/etc/docker/hello', '/var/lib/docker/hello'], { input: 'from inside' });
    expect(readFileSync(bed.path('/run/hello'), 'utf8')).toBe('from inside');
    expect(existsSync('/run/hello')).toBe(false);
    expect(existsSync('/etc/docker/hello')).toBe(false);
    expect(bed.path('/run/openvswitch/ovs-vswitchd.4194304.ctl').length).toBeLessThan(108);
  });

  it('runs programs without a shell, with an input and a small environment', async () => {
    const bed = theBed();
    const { stdout } = await bed.exec(['cat'], { input: '$HOME `id`' });
    expect(stdout).toBe('$HOME `id`');
    const env = (await bed.exec(['env'], { env: { EXTRA: 'yes' } })).stdout;
    expect(env).toContain('EXTRA=yes');
    expect(env).not.toContain('VITEST');
    expect(await bed.exec(['sh', '-c', 'echo why >&2; exit 3'], { allowFail: true })).toMatchObject({
      status: 3,
      stderr: 'why\n',
    });
    await expect(bed.exec(['sh', '-c', 'echo why >&2; exit 3'])).rejects.toThrow(/status 3: why/);
    await expect(bed.exec(['no-such-program'])).rejects.toMatchObject({ code: 'LC_COMMAND' });
  });

  it('kills a program that lasts too long, with its children', async () => {
    const bed = theBed();
    const nap = bed.exec(['sh', '-c', 'sleep 1000 & sleep 1000'], { timeoutMs: 200 });
    await expect(nap).rejects.toMatchObject({ code: 'LC_TIMEOUT' });
    await eventually(async () => expect(await bed.processes()).toEqual([]), { what: 'no process to be left' });
  });

  it('keeps the output of a long-running program and passes signals on to it', async () => {
    const bed = theBed();
    const script = 'sleep 1000 & trap "echo polite; kill $!; exit 5" TERM; echo started; wait';
    const program = bed.spawn(['bash', '-c', script]);
    await eventually(() => expect(program.log()).toBe('started\n'), { what: 'the program to start' });
    expect(program.exit).toBeUndefined();
    expect(await program.kill('SIGTERM')).toEqual({ status: 5, signal: null });
    expect(program.log()).toBe('started\npolite\n');
    expect(await bed.spawn(['sleep', '1000']).kill()).toEqual({ status: null, signal: 'SIGKILL' });
  });

  it('starts a plugin daemon and waits until it answers', async () => {
    const bed = theBed();
    await bed.daemon({ argv: ['node', '-e', stubPlugin], env: { MODE: 'stub' } });
    expect(readFileSync(bed.path('/run/linecard.log'), 'utf8')).toBe('mode stub\n');
    expect(await bed.killDaemon('SIGTERM')).toEqual({ status: null, signal: 'SIGTERM' });
    const dying = bed.daemon({ argv: ['sh', '-c', 'echo no configuration; exit 1'] });
    await expect(dying).rejects.toThrow(/ended at its start:\s+no configuration/);
  });

  it('reaches its outside world and nothing else', async () => {
    const bed = theBed();
    await bed.addUplink();
    await bed.exec(['ping', '-c1', '-W2', uplink.outsideIp]);
    await bed.exec(['ping', '-c1', '-W2', uplink.outsideIp6]);
    await bed.outside(['ping', '-c1', '-W2', uplink.ip]);
    expect((await bed.outside(['ls', '/sys/class/net'])).stdout).toBe('eth0\nlo\n');
    const beyond = await bed.exec(['ping', '-c1', '-W1', '203.0.113.1'], { allowFail: true });
    expect(beyond.status).not.toBe(0);
  });
});

describeSystem('a bed with Open vSwitch and Docker', () => {
  const theBed = useBed({ ovs: { tso: true }, docker: { liveRestore: true }, uplink: true });

  it('is reachable from outside through its unix sockets', async () => {
    const bed = theBed();
    expect(existsSync(bed.path('/run/openvswitch/db.sock'))).toBe(true);
    expect(await bed.logs()).toMatch(/--- dockerd ---\n.*API listen/s);
    const ping = await askSocket(bed.path('/run/docker.sock'), 'GET', '/_ping', 5000);
    expect(ping).toEqual({ status: 200, body: 'OK' });
    expect(await bed.vsctl('get', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable')).toBe('"true"');
  });

  it('shows what has changed, and that nothing is left behind', async () => {
    const bed = theBed();
    const before = await bed.snapshot();
    await bed.vsctl('add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev');
    await bed.exec(['ip', 'address', 'add', '192.0.2.1/24', 'dev', 'br0']);
    await bed.exec(['nft', 'add', 'table', 'ip', 'example']);
    const during = await bed.snapshot();
    expect(during.links).toContain('br0 tun -');
    expect(during.addresses).toContain('br0 192.0.2.1/24');
    expect(during.nft).toContain('table ip example {');
    expect(during.ovs).toContain('Bridge br0 > Port br0 > Interface br0 > type: internal');
    await bed.vsctl('del-br', 'br0');
    await bed.exec(['nft', 'delete', 'table', 'ip', 'example']);
    // The first userspace bridge makes the datapath's own interface, and the last one takes it away.
    expect(await bed.snapshot()).toEqual(before);
  });

  it('restarts each daemon of Open vSwitch alone', async () => {
    const bed = theBed();
    await bed.vsctl('add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev');
    await bed.stopOvsdb('KILL');
    await expect(bed.vsctl('--timeout=1', 'list-br')).rejects.toMatchObject({ code: 'LC_COMMAND' });
    expect(await bed.appctl('version')).toContain('ovs-vswitchd');
    await bed.startOvsdb();
    await bed.stopVswitchd('KILL');
    await expect(bed.appctl('version')).rejects.toMatchObject({ code: 'LC_COMMAND' });
    await bed.startVswitchd();
    expect(await bed.ofctl('show', 'br0')).toContain('LOCAL(br0)');
    await bed.emptyDatabase();
    expect(await bridges(bed)).toEqual([]);
    await eventually(async () => expect((await bed.links()).map((l) => l.ifname)).not.toContain('br0'), {
      what: 'ovs-vswitchd to forget the bridge',
    });
  });

  it('runs containers, and keeps them over a killed dockerd', async () => {
    const bed = theBed();
    const id = await bed.docker('run', '-td', '--name', 'guest', 'busybox');
    await bed.stopDocker('KILL');
    await bed.startDocker({ liveRestore: true });
    expect(await bed.docker('ps', '--no-trunc', '--format', '{{.ID}}')).toBe(id);
    expect(await bed.docker('exec', 'guest', 'cat', '/etc/passwd')).toContain('root');
    expect((await bed.exec(['iptables-save'])).stdout).toContain(':FORWARD DROP');
    await bed.docker('exec', 'guest', 'ping', '-c1', '-W2', uplink.outsideIp);
    await expect(bed.docker('run', 'busybox', 'no-such-program')).rejects.toThrow(/no-such-program/);
  });

  it('forgets at a reboot what a machine forgets, and keeps the rest', async () => {
    const bed = theBed();
    await bed.vsctl('add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev');
    const before = bed.pid;
    await bed.reboot();
    expect(bed.pid).not.toBe(before);
    expect((await bed.links()).map((link) => link.ifname).sort()).toEqual(['lo', uplink.name]);
    expect(await bed.snapshot()).toMatchObject({ nft: [], iptables: [], processes: [] });
    expect(existsSync(bed.path('/run/openvswitch'))).toBe(false);
    await Promise.all([bed.startOvs(), bed.startDocker()]);
    expect(await bridges(bed)).toEqual(['br0']);
    expect(await bed.docker('ps', '-a', '--filter', 'name=guest', '--format', '{{.State}}')).toBe('exited');
    await bed.docker('start', 'guest');
  });

  it('leaves nothing on the machine', async () => {
    const bed = theBed();
    const during = await hostFootprint(bed.name);
    expect(during.folders).toHaveLength(1);
    expect(during.cgroups).not.toEqual([]);
    expect(during.processes.join('\n')).toContain('dockerd');
    await bed.destroy();
    const after = await hostFootprint(bed.name);
    expect(after).toEqual({ ...during, folders: [], cgroups: [], mounts: [], processes: [], namespaces: [] });
    expect(during.mounts).toEqual([]);
    await expect(bed.exec(['true'])).rejects.toMatchObject({ code: 'LC_CLOSED' });
  });
});

/** Has another process make a bed, do some more, be killed, and a new bed sweep what is left. */
async function killOwner(options: BedOptions, body: string): Promise<void> {
  const testkit = fileURLToPath(new URL('../packages/testkit/dist/index.js', import.meta.url));
  const script = `
    import { Bed } from ${JSON.stringify(testkit)};
    const bed = await Bed.create(${JSON.stringify(options)});
    ${body}
    await bed.docker('run', '-td', 'busybox');
    bed.spawn(['sleep', '1000']);
    console.log(bed.name);
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string];
  const name = line.trim();
  expect((await hostFootprint(name)).processes.join('\n')).toContain('containerd-shim');

  owner.kill('SIGKILL');
  await eventually(
    async () => expect(await hostFootprint(name)).toMatchObject({ processes: [], namespaces: [], mounts: [] }),
    { what: 'all processes of the bed to die' },
  );

  expect((await hostFootprint(name)).folders).toHaveLength(1);
  await (await Bed.create()).destroy();
  expect(await hostFootprint(name)).toMatchObject({ folders: [], cgroups: [] });
}

describeSystem('a bed whose owner was killed', () => {
  it('dies at once, and the next bed sweeps its remains', () =>
    killOwner({ ovs: true, docker: true, uplink: true }, "bed.spawnOutside(['sleep', '1000']);"));
});

describeSystem(
  'a bed that systemd boots',
  () => {
    const systemd = ['containerd.service', 'docker.service', 'docker.socket'];

    it('can write to nothing of the machine, and leaves nothing on it', async () => {
      const bed = await Bed.create({ systemd });
      try {
        expect((await bed.exec(['systemctl', 'is-system-running'])).stdout).toBe('running\n');
        const { stdout } = await bed.exec(['findmnt', '--json', '--list', '-o', 'TARGET,FSTYPE,FSROOT,OPTIONS']);
        const { filesystems } = JSON.parse(stdout) as {
          filesystems: Record<'fstype' | 'fsroot' | 'options', string>[];
        };
        const inMemory = /^(proc|tmpfs|devtmpfs|devpts|cgroup2?|mqueue|hugetlbfs)$/;
        const writable = filesystems.filter(({ fstype, options }) => /^rw\b/.test(options) && !inMemory.test(fstype));
        expect(writable.length).toBeGreaterThan(0);
        expect(writable.filter(({ fsroot }) => !fsroot.includes(bed.name))).toEqual([]);
        expect((await bed.exec(['ls', '-A', '/tmp', '/root'])).stdout).toBe('/root:\n\n/tmp:\n');
        for (const setting of ['/proc/sys/fs/nr_open', '/sys/kernel/mm/ksm/run']) {
          const { status } = await bed.exec(['test', '-w', setting], { allowFail: true });
          expect({ setting, status }).toEqual({ setting, status: 1 });
        }
        expect((await hostFootprint(bed.name)).cgroups).not.toEqual([]);
      } finally {
        await bed.destroy();
      }
      expect(await hostFootprint(bed.name)).toMatchObject({ folders: [], cgroups: [], mounts: [], processes: [] });
    });

    it('dies with its owner', () => killOwner({ systemd }, 'await bed.image();'));
  },
  ['systemctl', 'containerd'],
  whyNoSystemd(),
);
