import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Bed, type Snapshot, whyNoSystemd } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { describeSystem, useBed } from './support/system.js';

const checkout = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const script = `${checkout}/quickstart`;
const stateFolder = '/run/quickstart';

/**
 * Lays a layer of the bed's own over the checkout, which then takes all that is written: a quickstart that finds
 * node_modules out of date has npm remove them, and a bed has no network to get others from. The machine's
 * /usr/local/bin is not to be touched either.
 */
async function shield(bed: Bed): Promise<void> {
  await bed.exec(['mount', '-t', 'tmpfs', 'none', '/usr/local/bin']);
  await bed.exec(['mount', '-t', 'tmpfs', 'none', '/mnt']);
  await bed.exec(['mkdir', '/mnt/upper', '/mnt/work']);
  const layers = `lowerdir=${checkout},upperdir=/mnt/upper,workdir=/mnt/work`;
  await bed.exec(['mount', '-t', 'overlay', 'none', '-o', layers, checkout]);
}

/** A bed in which quickstart starts dockerd itself: its cgroups are to go with the bed. */
async function prepare(bed: Bed): Promise<void> {
  await shield(bed);
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
    await shield(bed);
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

describeSystem(
  'quickstart on a machine that systemd has booted',
  () => {
    const theBed = useBed({ systemd: [] }, shield);
    const systemctl = async (...args: string[]) =>
      (await theBed().exec(['systemctl', ...args], { allowFail: true })).stdout.trim();
    const units = async () => {
      const shown = await systemctl('list-units', '--plain', '--no-legend', '--type=service,socket', '--state=active');
      // systemd starts its own when anybody logs or asks.
      return shown
        .split('\n')
        .map((line) => line.split(' ')[0]!)
        .filter((unit) => !/^(systemd-|dbus)/.test(unit));
    };
    let before: string[];

    it('has systemd run everything', async () => {
      const bed = theBed();
      before = await units();
      const { stdout, stderr, status } = await quickstart(bed);
      expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^demo +demo-2 +eth0 +2 /m);
      const started = ['openvswitch-switch.service', 'linecard.socket', 'linecard.service', 'docker.service'];
      expect(await units()).toEqual(expect.arrayContaining(started));
      expect(await systemctl('is-enabled', 'linecard.socket', 'linecard.service')).toBe('enabled\nenabled');
      // ovs-vswitchd reads this only when it starts.
      expect(await bed.vsctl('get', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable')).toBe('"true"');
      expect(await bed.appctl('dpctl/show', 'netdev@ovs-netdev')).toContain('lookups');
    });

    it('finds everything done when run again', async () => {
      const { stdout, status } = await quickstart(theBed());
      expect(status, stdout).toBe(0);
      const found = ['Open vSwitch', 'command linecard', 'Linecard', 'Docker'];
      expect(found.map((title) => steps(stdout).get(title))).toEqual(['it runs', 'it is there', 'it runs', 'it runs']);
    });

    it('has systemd end what it began', async () => {
      const bed = theBed();
      const { stdout, stderr, status } = await quickstart(bed, '--down');
      expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
      expect(await units()).toEqual(before);
      expect(await systemctl('is-system-running')).toBe('running');
      expect((await bed.exec(['ls', '/etc/systemd/system', '/run/docker/plugins', '/usr/local/bin'])).stdout).toBe(
        '/etc/systemd/system:\ndefault.target\n\n/run/docker/plugins:\n\n/usr/local/bin:\n',
      );
      expect((await bed.processes()).filter((line) => /ovs|dockerd|linecard/.test(line))).toEqual([]);
    });
  },
  ['systemctl', 'journalctl', 'containerd'],
  whyNoSystemd(),
);
