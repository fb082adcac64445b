import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { describeSystem, useBed } from './support/system.js';

const main = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));
const units = ['/etc/systemd/system/linecard.socket', '/etc/systemd/system/linecard.service'];
const command = '/usr/local/bin/linecard';

/** The machine's own units and commands are not to be touched. */
async function hideMachine(bed: Bed): Promise<void> {
  for (const folder of ['/usr/local/bin', '/etc/systemd/system']) {
    await bed.exec(['mount', '-t', 'tmpfs', 'none', folder]);
  }
}

/** Makes the bed look like a machine that systemd has booted; its systemctl writes down what it is told. */
async function pretendSystemd(bed: Bed): Promise<void> {
  await hideMachine(bed);
  mkdirSync(bed.path('/run/systemd/system'), { recursive: true });
  const script = `#!/bin/sh
echo "$*" >>/run/systemctl.log
case $1 in
  is-active) exec test -e /run/active ;;
  enable) touch /run/active ;;
  disable) rm /run/active ;;
esac
`;
  mkdirSync(bed.path('/run/programs'));
  writeFileSync(bed.path('/run/programs/systemctl'), script, { mode: 0o755 });
}

async function told(bed: Bed): Promise<string[]> {
  const { stdout } = await bed.exec(['cat', '/run/systemctl.log']);
  await bed.exec(['rm', '/run/systemctl.log']);
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('is-active'));
}

function cli(bed: Bed, ...args: string[]) {
  const env = { PATH: `/run/programs:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin` };
  return bed.exec(['node', main, ...args], { env, allowFail: true });
}

async function unitSettings(bed: Bed, unit: string): Promise<Map<string, string>> {
  const { stdout } = await bed.exec(['cat', unit]);
  return new Map([...stdout.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]));
}

describeSystem('linecard install', () => {
  const theBed = useBed({}, pretendSystemd);

  it('writes the command and the units, and has systemd start them', async () => {
    const bed = theBed();
    const { status, stdout, stderr } = await cli(bed, 'install');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      [command, ...units].map((path) => `wrote ${path}\n`).join('') +
        'systemd runs the daemon, now and after every boot\n',
    );
    expect(await told(bed)).toEqual(['daemon-reload', 'enable --now linecard.socket linecard.service']);
    expect((await bed.exec(['linecard', '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('writes units that systemd understands, ordered before Docker', async () => {
    const bed = theBed();
    const { stdout, stderr } = await bed.exec(['systemd-analyze', 'verify', '--man=no', ...units], { allowFail: true });
    // It also judges the units that these lean on: only what it says of ours counts.
    expect((stdout + stderr).split('\n').filter((line) => line.includes('linecard'))).toEqual([]);
    const socket = (await bed.exec(['cat', units[0]!])).stdout;
    expect(socket).toMatch(/^Before=docker\.service docker\.socket$/m);
    expect(socket.match(/^ListenStream=.*$/gm)).toEqual([
      'ListenStream=/run/docker/plugins/ovs.sock',
      'ListenStream=/run/docker/plugins/dovesnap.sock',
    ]);
  });

  it('changes nothing when run again', async () => {
    const bed = theBed();
    expect((await cli(bed, 'install')).stdout).toBe('everything is installed already\n');
    expect(await told(bed)).toEqual(['enable --now linecard.socket linecard.service']);
  });

  it('puts back what was changed, and restarts the daemon for it', async () => {
    const bed = theBed();
    await bed.exec(['sed', '-i', 's/^Restart=.*/Restart=no/', units[1]!]);
    expect((await cli(bed, 'install')).stdout).toContain(`wrote ${units[1]}\n`);
    expect(await told(bed)).toEqual([
      'daemon-reload',
      'enable --now linecard.socket linecard.service',
      'restart linecard.service',
    ]);
    expect((await unitSettings(bed, units[1]!)).get('Restart')).toBe('always');
  });

  it('is undone by uninstall, which removes that and nothing else', async () => {
    const bed = theBed();
    await bed.exec(['tee', '/etc/systemd/system/other.service'], { input: '[Unit]\n' });
    const { status, stdout } = await cli(bed, 'uninstall');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: [...units, command].map((path) => `removed ${path}\n`).join(''),
    });
    expect(await told(bed)).toEqual(['disable --now linecard.socket linecard.service', 'daemon-reload']);
    expect((await bed.exec(['ls', '/etc/systemd/system', '/usr/local/bin'])).stdout).toBe(
      '/etc/systemd/system:\nother.service\n\n/usr/local/bin:\n',
    );
    expect((await cli(bed, 'uninstall')).stdout).toBe('nothing is installed\n');
  });

  it("touches nobody else's file", async () => {
    const bed = theBed();
    await bed.exec(['tee', command], { input: '#!/bin/sh\necho mine\n' });
    for (const args of ['install', 'uninstall']) {
      const { status, stderr } = await cli(bed, args);
      expect(status).toBe(1);
      expect(stderr).toContain(`linecard: ${command} exists and was not made by linecard install\nhint: `);
    }
    expect((await bed.exec(['cat', command])).stdout).toContain('echo mine');
    await bed.exec(['rm', command]);
  });

  it('refuses while a daemon runs that was started by hand', async () => {
    const bed = theBed();
    await bed.daemon();
    const { status, stderr } = await cli(bed, 'install');
    expect(status).toBe(1);
    expect(stderr).toMatch(/a daemon that systemd did not start runs already, pid \d+\nhint: end it first: kill \d+/);
    expect((await bed.exec(['ls', '/etc/systemd/system'])).stdout).toBe('other.service\n');
  });
}, ['systemd-analyze']);

describeSystem('linecard install where systemd does not run', () => {
  const theBed = useBed({}, hideMachine);

  it('writes the command alone and says so', async () => {
    const bed = theBed();
    const { status, stdout } = await cli(bed, 'install');
    expect(status).toBe(0);
    expect(stdout).toContain(`wrote ${command}\nsystemd does not run here: `);
    expect((await bed.exec(['ls', '/etc/systemd/system'])).stdout).toBe('');
    expect((await cli(bed, 'uninstall')).stdout).toBe(`removed ${command}\n`);
  });
});

describeSystem('the daemon under systemd', () => {
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    await pretendSystemd(bed);
    await cli(bed, 'install');
    await bed.exec(['rm', '-rf', '/run/systemd']);
  });
  const listen = ['-l', '/run/docker/plugins/ovs.sock', '-l', '/run/docker/plugins/dovesnap.sock'];

  /** Starts the daemon as the service unit does: on passed sockets, with its capabilities and without new ones. */
  async function start(bed: Bed) {
    const settings = await unitSettings(bed, units[1]!);
    const names = settings.get('CapabilityBoundingSet')!.toLowerCase().replaceAll('cap_', '').split(' ');
    const confined = ['setpriv', `--bounding-set=-all,${names.map((name) => `+${name}`).join(',')}`, '--no-new-privs'];
    const argv = settings
      .get('ExecStart')!
      .split(' ')
      .map((word) => word.replace(/^"(.*)"$/, '$1'));
    mkdirSync(bed.path('/run/docker/plugins'), { recursive: true });
    const setenv = ['-E', 'PATH', '-E', 'LINECARD_LOG=json'];
    return bed.spawn(['systemd-socket-activate', ...listen, ...setenv, ...confined, ...argv], {
      log: '/run/linecard.log',
    });
  }

  it('serves Docker on the sockets that systemd made, at the first call, with no more rights than it needs', async () => {
    const bed = theBed();
    await start(bed);
    const options = ['-o', 'ovs.bridge.mode=nat', '--subnet', '10.9.0.0/24', '--gateway', '10.9.0.1'];
    await eventually(() => bed.exec(['test', '-S', '/run/docker/plugins/dovesnap.sock']), { what: 'the sockets' });
    await bed.docker('network', 'create', '-d', 'dovesnap', ...options, 'mynet');
    await bed.docker('run', '-td', '--name', 'web', '--net', 'mynet', '-p', '80:80', 'busybox');
    await bed.docker('exec', 'web', 'ping', '-c1', '-W2', '10.9.0.1');
    const page = 'mkdir /page && echo hello >/page/index.html && httpd -h /page';
    await bed.docker('exec', 'web', 'sh', '-c', page);
    await eventually(
      async () => expect((await bed.exec(['curl', '-s', '-m2', 'http://127.0.0.1/'])).stdout).toBe('hello\n'),
      { what: 'the published port to answer' },
    );
    await bed.docker('run', '-td', '--name', 'quiet', '--user', '1000', '--net', 'none', 'busybox');
    expect(await bed.linecard('attach', 'kiwi', 'quiet', '172.31.1.1/24')).toContain('OpenFlow port 1');
    expect((await bed.exec(['cat', '/run/linecard.log'])).stdout).not.toMatch(/"level":"(error|fatal)"/);
  });

  it('leaves the sockets to systemd when it ends, so that Docker only waits for the next one', async () => {
    const bed = theBed();
    const pid = (JSON.parse(await bed.linecard('status', '--json')) as { pid: number }).pid;
    await bed.exec(['kill', String(pid)]);
    await eventually(() => bed.exec(['test', '!', '-e', `/proc/${pid}`]), { what: 'the daemon to end' });
    expect((await bed.exec(['cat', '/run/linecard.log'])).stdout).toContain('"msg":"stopped"');
    const { stdout } = await bed.exec(['ls', '/run/docker/plugins']);
    expect(stdout).toBe('dovesnap.sock\novs.sock\n');
  });
}, ['systemd-socket-activate', 'setpriv']);

describeSystem('the daemon after one that was killed', () => {
  const theBed = useBed({});

  it('takes the sockets over that are left', async () => {
    const bed = theBed();
    await bed.daemon();
    await bed.killDaemon('SIGKILL');
    expect((await bed.exec(['ls', '/run/docker/plugins', '/run/linecard'])).stdout).toContain('ovs.sock');
    await bed.daemon();
    expect(JSON.parse(await bed.linecard('status', '--json'))).toMatchObject({ networks: 0 });
  });
});
