import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ControllerInfo, NetworkInfo } from '@linecard/api';
import type { Bed, BedProcess } from '@linecard/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { guests, refusal, remove } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { describeSystem, useBed } from './support/system.js';
import { pings } from './support/talk.js';

const linecardMain = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));
const oskenSwitch = fileURLToPath(new URL('fixtures/osken_switch.py', import.meta.url));
const example = fileURLToPath(new URL('../examples/who-talks.ts', import.meta.url));
const appsDirectory = '/run/apps';

/** Writes an app where the bed finds it, and returns its path there. */
function writeApp(bed: Bed, name: string, source: string): string {
  mkdirSync(bed.path(appsDirectory), { recursive: true });
  writeFileSync(bed.path(`${appsDirectory}/${name}`), source);
  return `${appsDirectory}/${name}`;
}

/** An app in TypeScript that lets two ports talk through a flow with a cookie by which it is known. */
const appWithCookie = (cookie: number) => `
import type { App } from '@linecard/controller';
const cookie: bigint = ${cookie}n;
export default { name: 'mine', on: { async switchUp(sw) { await sw.flows.apply(['priority=5 actions=FLOOD'], { cookie }); } } } satisfies App;
`;

/** Flow dumps without what differs from run to run. */
async function flows(bed: Bed, bridge: string, ...options: string[]): Promise<string> {
  return (await bed.ofctl(...options, 'dump-flows', bridge)).replaceAll(/(duration|idle_age|hard_age)=[\d.]+s?, /g, '');
}

async function json<T>(bed: Bed, ...args: string[]): Promise<T> {
  return JSON.parse(await bed.linecard(...args, '--json')) as T;
}

describeSystem('controllers', () => {
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    mkdirSync(bed.path(appsDirectory), { recursive: true });
    await bed.daemon({ env: { LINECARD_APPS: appsDirectory } });
  });

  /** Long-running programs of one test. */
  const programs: BedProcess[] = [];
  function start(...argv: string[]): BedProcess {
    const program = theBed().spawn(argv);
    programs.push(program);
    return program;
  }
  const linecard = (...args: string[]) => start('node', linecardMain, ...args);
  const says = (program: BedProcess, text: string | RegExp) =>
    eventually(() => expect(program.log()).toMatch(text), { what: `${text} in its log` });

  const listed = () => json<ControllerInfo[]>(theBed(), 'controller', 'ls');

  /** A network `net` on bridge `br` with containers `one` and `two`. */
  async function network(controller: string, ...options: string[]): Promise<void> {
    const more = ['-o', 'ovs.bridge.name=br', '--subnet', '172.31.5.0/24', ...options];
    await theBed().docker(
      'network',
      'create',
      '-d',
      'ovs',
      '-o',
      `ovs.bridge.controller=${controller}`,
      ...more,
      'net',
    );
    await guests(theBed(), 'net', 'one', 'two');
  }
  const addressOf = (container: string) =>
    theBed().docker('inspect', '--format', '{{.NetworkSettings.Networks.net.IPAddress}}', container);
  const oneReachesTwo = async () => pings(theBed(), { container: 'one' }, await addressOf('two'));
  const reaches = (what: string) =>
    eventually(async () => expect(await oneReachesTwo()).toBe(true), { what: `one to reach two, ${what}` });

  afterEach(async ({ task }) => {
    const bed = theBed();
    if (task.result?.state === 'fail') for (const program of programs) console.error(program.log());
    await Promise.all(programs.splice(0).map((program) => program.exit ?? program.kill('SIGKILL')));
    const containers = (await bed.docker('ps', '-aq')).split('\n').filter(Boolean);
    const networks = (await bed.docker('network', 'ls', '-q', '--filter', 'driver=ovs')).split('\n').filter(Boolean);
    await remove(bed, containers, networks);
    await bed.vsctl('--if-exists', 'del-br', 'mine');
  });

  describe('of others rule a network', () => {
    it.each([
      ['1.0', 'OpenFlow10', 1],
      ['1.3', 'OpenFlow13', 4],
    ])('os-ken over OpenFlow %s', async (version, protocol, number) => {
      const bed = theBed();
      await network('tcp:127.0.0.1:6653', '-o', `ovs.bridge.protocols=${protocol}`, '-o', 'ovs.bridge.dpid=0x5');
      // Fail mode secure: nothing passes before its controller is there. Over 1.0, where no flow stands for "no match",
      // Open vSwitch would remember for seconds that it dropped these packets.
      if (version !== '1.0') expect(await oneReachesTwo()).toBe(false);
      const manager = ['/usr/bin/python3', '/usr/bin/osken-manager', '--ofp-tcp-listen-port', '6653', oskenSwitch];
      const osken = start('env', `OFP=${version}`, 'PYTHONDONTWRITEBYTECODE=1', ...manager);
      await says(osken, `switch 0x5 version ${number}`);
      await reaches(`through os-ken over ${version}`);
      const learned = await flows(bed, 'br', '-O', protocol);
      expect(learned).toMatch(/priority=1,in_port=[12],dl_dst=02:42:ac:1f:05:0[23] actions=output:[12]/);
      // Both see the same, whoever installed it.
      const shown = await bed.linecard('flows', 'br');
      expect(shown).toMatch(/in_port=1\((one|two)\),dl_dst=02:42:ac:1f:05:0[23] +output:2\((one|two)\)/);
      const [line] = await json<ControllerInfo[]>(bed, 'controller', 'ls');
      expect(line).toMatchObject({ bridge: 'br', network: 'net', target: 'tcp:127.0.0.1:6653' });
    });
  });

  describe('of ours', () => {
    it('rule a bridge that the tools of Open vSwitch inspect', async () => {
      const bed = theBed();
      await bed.vsctl('add-br', 'mine', '--', 'set', 'Bridge', 'mine', 'datapath_type=netdev', 'fail_mode=secure');
      await bed.vsctl('set-controller', 'mine', 'ptcp:6634:127.0.0.1');
      const args = ['--listen', 'unix:/run/mine.sock', '--connect', 'tcp:127.0.0.1:6634', '--option', 'table=0'];
      const running = linecard('controller', 'run', 'hub', ...args);
      await says(running, /hub awaits switches at unix:\/run\/mine\.sock/);
      await says(running, /switch [0-9a-f]{16} is up: OpenFlow 1\.5/);
      const wanted = ' cookie=0x6c63000000000010, table=0, n_packets=0, n_bytes=0, priority=0 actions=FLOOD';
      await eventually(async () => expect((await flows(bed, 'mine')).split('\n').slice(1)).toEqual([wanted]), {
        what: 'the flow of the hub',
      });
      // Also of a bridge that somebody else has made.
      expect(await listed()).toMatchObject([{ bridge: 'mine', target: 'ptcp:6634:127.0.0.1' }]);
      expect(await running.kill('SIGTERM')).toEqual({ status: 0, signal: null });
      expect((await flows(bed, 'mine')).split('\n').slice(1)).toEqual([wanted]);
    });

    it('listen on both ports of OpenFlow where asked, and serve two switches', async () => {
      const bed = theBed();
      const bridge = ['--', 'set', 'Bridge', 'mine', 'datapath_type=netdev', 'fail_mode=secure'];
      await bed.vsctl('add-br', 'mine', ...bridge, '--', 'set-controller', 'mine', 'tcp:127.0.0.1:6633');
      const both = ['--listen', 'tcp:127.0.0.1:6653', '--listen', 'tcp:127.0.0.1:6633'];
      const running = linecard('controller', 'run', 'learning-switch', ...both);
      await network('tcp:127.0.0.1:6653');
      await says(running, /(switch [0-9a-f]{16} is up.*){2}/s);
      await reaches('through the learning switch');
      expect(await flows(bed, 'mine')).toContain('priority=0 actions=CONTROLLER:65535');
    });

    it('of the user may fail in a timer or a promise: that is reported, and the switch stays', async () => {
      const bed = theBed();
      const source = `export default { name: 'late', on: { async switchUp(sw) {
        setTimeout(() => { throw new Error('too late'); }, 10);
        await sw.barrier();
        setTimeout(() => sw.flows.apply([{ match: [{ field: 'tcp_dst', value: 80 }] }], { cookie: 8n }), 1100);
        setTimeout(() => sw.flows.apply(['actions=drop'], { cookie: 8n }), 1200);
      } } };`;
      const bridge = ['--', 'set', 'Bridge', 'mine', 'datapath_type=netdev', 'fail_mode=secure'];
      await bed.vsctl('add-br', 'mine', ...bridge, '--', 'set-controller', 'mine', 'tcp:127.0.0.1:6653');
      const running = linecard('controller', 'run', writeApp(bed, 'late.mjs', source));
      await says(running, /app late, on its own: Error: too late\n +at /);
      await says(running, /app late, on its own: the switch refused 1 of 1 flow changes/);
      await eventually(async () => expect(await flows(bed, 'mine')).toContain('cookie=0x8, '), { what: 'its flow' });
      expect(running.log()).not.toContain('is gone');
    });

    it('are refused with what is wrong, and with status 1', async () => {
      const refused = async (...args: string[]) => {
        const run = await theBed().exec(['node', linecardMain, 'controller', 'run', ...args], { allowFail: true });
        expect(run.status).toBe(1);
        return run.stderr;
      };
      expect(await refused('nothing')).toMatch(
        /there is no app "nothing"\nhint: there are hub, learning-switch, knock/,
      );
      expect(await refused('./none.ts')).toContain('cannot read the app');
      expect(await refused('hub', '--option', 'speed=1')).toContain('the app "hub" has no option "speed"');
      expect(await refused('hub', '--listen', 'udp:1')).toContain('"udp:1" is not a place to speak OpenFlow');
      expect(await refused('hub', '--tls-key', 'k', '--tls-cert', 'c')).toContain('no endpoint is tls:');
    });

    it('speak TLS with the certificates of ovs-pki, listening and connecting, and take no others', async () => {
      const bed = theBed();
      const pki = (...args: string[]) => bed.exec(['ovs-pki', '-d', '/run/pki', '-l', '/run/pki.log', '-u', ...args]);
      await pki('init');
      await pki('req+sign', '/run/switch', 'switch');
      await pki('req+sign', '/run/controller', 'controller');
      const keys = (name: string) => [`/run/${name}-privkey.pem`, `/run/${name}-cert.pem`] as const;
      const authority = (name: string) => `/run/pki/${name}ca/cacert.pem`;
      const run = (switches: string, ...place: string[]) => {
        const [key, cert] = keys('controller');
        const tls = ['--tls-key', key, '--tls-cert', cert, '--tls-ca', authority(switches)];
        return linecard('controller', 'run', 'hub', ...place, ...tls);
      };
      await bed.vsctl('set-ssl', ...keys('switch'), authority('controller'));
      const listening = run('switch', '--listen', 'tls:127.0.0.1:6653');
      await network('ssl:127.0.0.1:6653');
      await says(listening, /switch [0-9a-f]{16} is up: OpenFlow 1\.5/);
      await reaches('through the hub over TLS');
      await listening.kill('SIGTERM');
      const distrustful = run('controller', '--listen', 'tls:127.0.0.1:6653');
      await says(distrustful, /a client of tls:127\.0\.0\.1:6653 is no switch: no TLS: its certificate is refused/);

      await bed.vsctl('add-br', 'mine', '--', 'set', 'Bridge', 'mine', 'datapath_type=netdev', 'fail_mode=secure');
      await bed.vsctl('set-controller', 'mine', 'pssl:6656:127.0.0.1');
      await says(run('switch', '--connect', 'tls:127.0.0.1:6656'), /switch [0-9a-f]{16} is up/);
      const other = run('controller', '--connect', 'ssl:127.0.0.1:6656');
      await says(other, /tls:127\.0\.0\.1:6656 is no switch: no connection: unable to verify/);
      expect(other.log()).not.toContain('is up');

      const refused = async (...args: string[]) => {
        const hub = ['node', linecardMain, 'controller', 'run', 'hub', '--listen', 'tls:127.0.0.1:6654', ...args];
        return (await bed.exec(hub, { allowFail: true })).stderr;
      };
      const [key, cert] = keys('controller');
      expect(await refused()).toContain('tls:127.0.0.1:6654 needs a key and a certificate');
      expect(await refused('--tls-key', key)).toContain('--tls-key and --tls-cert go together');
      const wrong = (key: string, cert: string) => refused('--tls-key', key, '--tls-cert', cert);
      expect(await wrong('/none.pem', cert)).toContain('option --tls-key: cannot read /none.pem');
      expect(await wrong(keys('switch')[0], cert)).toMatch(/do not work: key values mismatch\nhint: /);
      expect(await refused('--tls-key', key, '--tls-cert', cert, '--tls-ca', key)).toContain(
        'do not work: no start line',
      );
    });

    it('the example of the newcomer says who talks', async () => {
      await network('tcp:127.0.0.1:6653');
      const running = linecard('controller', 'run', example, '--option', 'greeting=hello');
      await says(running, /hello, switch [0-9a-f]{16} with ports/);
      await reaches('through the example');
      expect(running.log()).toMatch(/port [12]: 02:42:ac:1f:05:0[23] -> 02:42:ac:1f:05:0[23]/);
    });

    it('in TypeScript are loaded again when they change, and stay when the new file is broken', async () => {
      const bed = theBed();
      const path = writeApp(bed, 'mine.ts', appWithCookie(0xa1));
      await network('tcp:127.0.0.1:6653');
      const watching = linecard('flows', 'br', '--watch', '--json');
      const running = linecard('controller', 'run', path, '--watch');
      await says(running, /switch .* is up/);
      await reaches('through the first app');
      await says(watching, '"cookie":"0xa1"');
      writeApp(bed, 'mine.ts', 'export default {{');
      await says(running, /mine\.ts stays as it was: .*is no TypeScript/);
      expect(await oneReachesTwo()).toBe(true);
      writeApp(bed, 'mine.ts', appWithCookie(0xa2));
      await says(running, /mine\.ts was loaded again/);
      // The new app's flow took the place of the old one's, and whoever watches sees it.
      await says(watching, '"cookie":"0xa2"');
      const lines = watching.log().trim().split('\n');
      const cookies = lines.map((line) =>
        (JSON.parse(line) as { cookie: string }[]).map(({ cookie }) => cookie).join(),
      );
      expect(cookies.filter((cookie, i) => cookie !== '' && cookie !== cookies[i - 1])).toEqual(['0xa1', '0xa2']);
      expect(await oneReachesTwo()).toBe(true);
    });
  });

  describe('in the daemon', () => {
    const connected = (app: string) =>
      eventually(async () => expect(await listed()).toMatchObject([{ app, connected: true }]), {
        what: `${app} to rule`,
      });

    it('rule a network, and go on with it after the daemon was killed, while flows pass what they pass', async () => {
      const bed = theBed();
      await network('embedded');
      await reaches('through the learning switch');
      expect((await bed.exec(['stat', '-c', '%a', '/run/openvswitch/linecard-app-learning-switch.sock'])).stdout).toBe(
        '600\n',
      );
      expect(await listed()).toMatchObject([
        { bridge: 'br', network: 'net', app: 'learning-switch', connected: true, version: '1.5', errors: 0 },
      ]);
      expect(await bed.linecard('controller', 'ls')).toMatch(
        /^br +net +[0-9a-f]{16} +embedded:learning-switch +connected/m,
      );
      const shown = await bed.linecard('flows', 'br');
      expect(shown).toMatch(/^0 +10 +in_port=\d\(one\),.*dl_src=02:42:ac:1f:05.* output:\d\(two\)/m);

      await bed.killDaemon('SIGKILL');
      expect(await oneReachesTwo()).toBe(true);
      // A switch that has lost its flows as well gets them again.
      await bed.ofctl('del-flows', 'br');
      expect(await oneReachesTwo()).toBe(false);
      // A daemon of an older version has left a row that does not name its app.
      await bed.vsctl('clear', 'Controller', 'br', 'external_ids');
      await bed.daemon({ env: { LINECARD_APPS: appsDirectory } });
      await connected('learning-switch');
      await reaches('after the daemon came back');
    });

    it('are ended with their last network', async () => {
      const bed = theBed();
      await bed.docker('network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.controller=embedded:hub', 'net');
      await connected('hub');
      await bed.docker('network', 'rm', 'net');
      const sockets = (await bed.exec(['ls', '/run/openvswitch'])).stdout;
      expect(sockets).not.toContain('linecard-app-hub');
    });

    it('of the user are files with names, nothing else; a crash of one takes nothing else down', async () => {
      const bed = theBed();
      const source = `export default ({ log, options }) => ({ name: 'careless', on: {
        async switchUp(sw) { log('careless rules ' + options.how); sw.flows.apply([{ match: [{ field: 'tcp_dst', value: 80 }] }], { cookie: 8n }); await sw.flows.apply(['actions=FLOOD,CONTROLLER:65535'], { cookie: 7n }); },
        packetIn() { throw new TypeError('a mistake of mine'); },
      } });`;
      writeApp(bed, 'careless.mjs', source);
      await network('embedded:careless?how=boldly');
      await connected('careless?how=boldly');
      await reaches('through an app that throws');
      await eventually(async () => expect((await listed())[0]!.errors).toBeGreaterThan(0), { what: 'its errors' });
      const log = (await bed.exec(['cat', '/run/linecard.log'])).stdout;
      expect(log).toContain('careless rules boldly');
      // A promise that nobody awaits is the app's own, too.
      expect(log).toMatch(
        /"app":"careless",.*"error":"the switch refused 1 of 1 flow changes.*"an app failed on its own"/,
      );
      expect(log).toMatch(/"app":"careless\?how=boldly","handler":"packetIn",.*"error":"a mistake of mine"/);
      expect(await listed()).toMatchObject([{ connected: true }]);
    });

    it('take options, each network its own', async () => {
      const bed = theBed();
      const knock = 'embedded:knock?guarded=one&free=two&name=open.example.com&openSeconds=3600';
      await network(knock);
      const asked = 'knock?free=two&guarded=one&name=open.example.com&openSeconds=3600';
      await connected(asked);
      const option = 'ovs.bridge.controller=embedded:knock?guarded=somebody-else';
      await bed.docker('network', 'create', '-d', 'ovs', '-o', option, '--subnet', '172.31.6.0/24', 'other');
      await eventually(async () => expect((await listed()).filter((line) => line.connected)).toHaveLength(2), {
        what: 'both to rule',
      });
      expect(await bed.linecard('controller', 'ls')).toContain(`embedded:${asked}`);
      const dns = ['docker', 'exec', 'one', 'nslookup', '-timeout=1', '-retry=1'];
      const two = await addressOf('two');
      const ask = (name: string) => bed.exec([...dns, name, two], { allowFail: true });
      await eventually(async () => expect(await flows(bed, 'br')).toMatch(/priority=30,udp,in_port=\d actions/), {
        what: 'the walls',
      });
      await ask('xyzzy.example.com');
      expect(await flows(bed, 'br')).not.toContain('priority=40');
      expect(await oneReachesTwo()).toBe(false);
      await ask('open.example.com');
      await reaches('after the knock');
      expect(await flows(bed, 'br')).toMatch(/hard_timeout=3600, .*priority=40,dl_src=/);
      // Who reads the options again after a crash is the next daemon, from OVSDB.
      await bed.killDaemon('SIGKILL');
      await bed.daemon({ env: { LINECARD_APPS: appsDirectory } });
      const ruled = expect.arrayContaining([expect.objectContaining({ app: asked, connected: true })]);
      await eventually(async () => expect(await listed()).toEqual(ruled), { what: 'the same app to rule' });
    });

    it.each([
      ['embedded:none', /there is no app \\?"none\\?" \(there are .*yours: \/run\/apps\/none/],
      ['embedded:broken', /the app \/run\/apps\/broken\.mjs does not load/],
      ['embedded:../apps/mine', /option ovs\.bridge\.controller: .* is not allowed/],
      ['embedded:knock?speed=1', /the app \\?"knock\\?" has no option \\?"speed\\?" \(it has guarded, free, name/],
      [
        'embedded:knock?openSeconds=never',
        /\\?"never\\?" is no openSeconds for the app \\?"knock\\?" \(allowed are 0 to/,
      ],
      ['embedded:knock?name', /option ovs\.bridge\.controller: .* is not allowed.*embedded:APP\[\?KEY=VALUE/],
      ['embedded:/run/apps/mine.mjs', /option ovs\.bridge\.controller: .* is not allowed/],
    ])('refuse %s, and nothing is half-made', async (controller, message) => {
      const bed = theBed();
      writeApp(bed, 'broken.mjs', 'syntax error');
      // The links of the test before go off the daemon's main thread, the datapath with its last bridge.
      const left = async () => (await bed.links()).filter(({ ifname }) => /^(lcv|ovs-netdev$)/.test(ifname));
      await eventually(async () => expect(await left()).toEqual([]), { what: 'them to be gone' });
      const before = await bed.snapshot();
      const option = `ovs.bridge.controller=${controller}`;
      expect(await refusal(bed.docker('network', 'create', '-d', 'ovs', '-o', option, 'no'))).toMatch(message);
      expect(await bed.snapshot()).toEqual(before);
      expect(await json<NetworkInfo[]>(bed, 'networks')).toEqual([]);
    });
  });

  describe('the codec on the command line', () => {
    const run = (input: string | Uint8Array, ...args: string[]) =>
      theBed().exec(['node', linecardMain, 'openflow', ...args], { input, allowFail: true });
    const flowMod = {
      type: 'flow_mod',
      version: 4,
      xid: 3,
      command: 'add',
      priority: 30,
      match: [{ field: 'eth_type', value: 0x0806 }],
      instructions: [{ type: 'apply_actions', actions: [{ type: 'output', port: 0xfffffffb }] }],
    };

    it('says in JSON and text what Open vSwitch says, and gives the bytes back', async () => {
      const bed = theBed();
      const { stdout: hex } = await run(JSON.stringify(flowMod), 'encode');
      const printed = await bed.ofctl('ofp-print', hex.trim());
      expect(printed).toBe('OFPT_FLOW_MOD (OF1.3) (xid=0x3): ADD priority=30,arp actions=FLOOD');
      expect((await run(hex, 'decode', '--text')).stdout.trim()).toBe(printed);
      const decoded = await run(Buffer.from(hex.trim(), 'hex'), 'decode', '--version', '1.3');
      expect(JSON.parse(decoded.stdout)).toMatchObject({ type: 'flow_mod', priority: 30 });
      expect((await run(decoded.stdout + decoded.stdout, 'encode')).stdout).toBe(hex + hex);
    });

    it('refuses what is none, and other versions where one was asked for', async () => {
      expect(await run('0400000800000001', 'decode', '--version', '1.0')).toMatchObject({ status: 1 });
      expect(await run('04000008', 'decode')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('not whole'),
      });
      expect(await run('{"type": "hello"}', 'encode')).toMatchObject({ status: 1 });
      expect(await run('', 'decode', '--version', '9')).toMatchObject({ status: 2 });
    });
  });
}, ['osken-manager', 'ovs-pki']);
