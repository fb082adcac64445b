import { type Bed, uplink, whyNoSystemd } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { numbers } from './support/rows.js';
import { describeSystem, useBed } from './support/system.js';
import { answerAt, ask, startTraffic } from './support/talk.js';

const boot = ['openvswitch-switch.service', 'containerd.service', 'docker.service', 'docker.socket'];
const page = 8080;

async function systemctl(bed: Bed, ...args: string[]): Promise<string> {
  return (await bed.exec(['systemctl', ...args], { timeoutMs: 90_000, allowFail: true })).stdout.trim();
}

/** A moment in the life of a unit, in microseconds since the machine's start. */
async function moment(bed: Bed, unit: string, property: string): Promise<number> {
  return Number(await systemctl(bed, 'show', '--value', '-p', `${property}Monotonic`, unit));
}

/** All is as the containers left it: same numbers, names, gateway and published port. */
async function expectAllWell(bed: Bed): Promise<void> {
  await eventually(async () => expect(await numbers(bed, 'lcboot')).toEqual({ db: 3, web: 2 }), {
    what: 'the ports and their numbers',
    timeoutMs: 20_000,
  });
  await bed.docker('exec', 'web', 'ping', '-c1', '-W2', 'db');
  await bed.docker('exec', 'web', 'ping', '-c1', '-W2', '10.9.0.1');
  expect(await bed.linecard('port', 'web', 'lcboot')).toMatch(/^eth0,2,02:42:0a:09:00:14$/);
  expect(await ask(bed, 'outside', 'tcp', uplink.ip, page)).toBe(uplink.outsideIp);
}

describeSystem(
  'a machine that systemd has booted',
  () => {
    const theBed = useBed({ systemd: boot, uplink: true }, (bed) => bed.image());

    it('opens the sockets and starts the daemon with linecard install', async () => {
      const bed = theBed();
      expect(await bed.linecard('install')).toContain('systemd runs the daemon, now and after every boot');
      expect(await systemctl(bed, 'is-active', 'linecard.socket', 'linecard.service')).toBe('active\nactive');
      expect((await bed.exec(['stat', '-c', '%a', '/run/docker/plugins/ovs.sock'])).stdout).toBe('600\n');
      expect(await bed.linecard('doctor').catch(String)).toContain('systemd opens the sockets of the drivers');
    });

    it('starts the daemon at the first call of Docker', async () => {
      const bed = theBed();
      await eventually(
        async () => {
          // A call that was under way, the doctor's for example, starts it again.
          await systemctl(bed, 'stop', 'linecard.service');
          const states = await systemctl(bed, 'is-active', 'linecard.socket', 'linecard.service');
          expect(states).toBe('active\ninactive');
        },
        { what: 'the daemon to be stopped, and its sockets open' },
      );
      const options = ['-o', 'ovs.bridge.name=lcboot', '-o', 'ovs.bridge.mode=nat', '--subnet', '10.9.0.0/24'];
      await bed.docker('network', 'create', '-d', 'ovs', ...options, '--gateway', '10.9.0.1', 'mynet');
      expect(await systemctl(bed, 'is-active', 'linecard.service')).toBe('active');
      const run = async (name: string, ...more: string[]) =>
        bed.docker('run', '-td', '--name', name, '--net', 'mynet', '--restart', 'always', ...more, 'busybox');
      // What the survivors keep is not what they would get on an empty bridge.
      await run('gone');
      await run('web', '--ip', '10.9.0.20', '-p', `${page}:${page}`);
      await run('db');
      await bed.docker('rm', '-f', 'gone');
      await answerAt(bed, { container: 'web' }, page);
      await expectAllWell(bed);
    });

    it('restarts the daemon under running containers, whose packets go on', async () => {
      const bed = theBed();
      const traffic = await startTraffic(bed, { container: 'web' }, '10.9.0.1');
      const before = await systemctl(bed, 'show', '--value', '-p', 'MainPID', 'linecard');
      await systemctl(bed, 'restart', 'linecard');
      await systemctl(bed, 'kill', '--signal', 'KILL', 'linecard.service');
      await eventually(
        async () => {
          expect(await systemctl(bed, 'is-active', 'linecard.service')).toBe('active');
          expect(await systemctl(bed, 'show', '--value', '-p', 'NRestarts', 'linecard')).toBe('1');
        },
        { what: 'systemd to start it again' },
      );
      expect(await systemctl(bed, 'show', '--value', '-p', 'MainPID', 'linecard')).not.toBe(before);
      await bed.docker('run', '--rm', '--net', 'mynet', 'busybox', 'ping', '-c1', '-W2', '10.9.0.1');
      expect(await traffic.lost()).toEqual([]);
      await traffic.stop();
      await expectAllWell(bed);
    });

    for (const [how, off] of [
      ['that was ordered', (bed: Bed) => bed.shutDown()],
      ['after a power cut', async () => undefined],
    ] as const) {
      it(`has networks and containers back after a reboot ${how}`, async () => {
        const bed = theBed();
        await off(bed);
        await bed.reboot();
        expect(await systemctl(bed, 'is-system-running'), await systemctl(bed, '--failed')).toBe('running');
        const [ovs, socket, daemon, docker] = await Promise.all([
          moment(bed, 'openvswitch-switch.service', 'ActiveEnterTimestamp'),
          moment(bed, 'linecard.socket', 'ActiveEnterTimestamp'),
          moment(bed, 'linecard.service', 'ExecMainStartTimestamp'),
          moment(bed, 'docker.service', 'ExecMainStartTimestamp'),
        ]);
        expect(ovs).toBeGreaterThan(0);
        expect(ovs).toBeLessThanOrEqual(daemon);
        expect(socket).toBeLessThanOrEqual(daemon);
        expect(daemon).toBeLessThanOrEqual(docker);
        await answerAt(bed, { container: 'web' }, page);
        await expectAllWell(bed);
      });
    }

    it('keeps what the daemon logs in the journal, as JSON', async () => {
      const bed = theBed();
      const argv = ['journalctl', '--unit', 'linecard.service', '--identifier', 'linecard', '--output', 'cat'];
      const lines = (await bed.exec(argv)).stdout.trim().split('\n');
      const messages = lines.map((line) => JSON.parse(line) as { level: string; msg: string });
      expect(messages.length).toBeGreaterThan(0);
      expect(messages.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    });

    it('has nothing of it left after linecard uninstall', async () => {
      const bed = theBed();
      await bed.linecard('uninstall');
      expect(await systemctl(bed, 'list-unit-files', '--no-legend', 'linecard.*')).toBe('');
      expect((await bed.exec(['ls', '/run/docker/plugins', '/usr/local/bin'])).stdout).toBe(
        '/run/docker/plugins:\n\n/usr/local/bin:\n',
      );
    });
  },
  ['systemctl', 'journalctl', 'containerd'],
  whyNoSystemd(),
);
