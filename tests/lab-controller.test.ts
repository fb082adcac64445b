import type { ControllerInfo } from '@linecard/api';
import { afterEach, expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { lab, labsFolder, mustLab, topology, traces, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

describeSystem('a lab that the daemon rules', () => {
  const theBed = useLabs([], { ovs: true });
  const example = `${labsFolder}/ovs-controller/ovs-controller.clab.yml`;

  const listed = async () =>
    JSON.parse(await theBed().linecard('controller', 'ls', '--json')) as readonly ControllerInfo[];
  const appSockets = async () =>
    (await theBed().exec(['ls', '/run/openvswitch'])).stdout.match(/^linecard-app-.*$/gm) ?? [];
  const rules = (app: string, ...bridges: readonly string[]) =>
    eventually(
      async () =>
        expect(await listed()).toMatchObject(bridges.map((bridge) => ({ bridge, app, connected: true, errors: 0 }))),
      { what: `${app} to rule ${bridges.join()}` },
    );
  const reaches = async (from: string, to: string) =>
    (await theBed().exec(['docker', 'exec', from, 'ping', '-c', '1', '-W', '1', to], { allowFail: true })).status === 0;

  /** Two hosts on a bridge of their own, with these controllers. */
  const pair = (name: string, controllers: string) =>
    topology(
      theBed(),
      name,
      `topology:
  nodes:
    ${name}: {kind: ovs-bridge, ovs: {controllers: [${controllers}]}}
    a: {kind: linux, image: busybox}
    b: {kind: linux, image: busybox}
  links:
    - {endpoints: ["a:eth1", "${name}:${name}-1"], ipv4: [10.0.9.1/24]}
    - {endpoints: ["b:eth1", "${name}:${name}-2"], ipv4: [10.0.9.2/24]}
check: {pings: [{from: a, to: 10.0.9.2}]}
`,
    );

  afterEach(async () => {
    const bed = theBed();
    await mustLab(bed, 'destroy', '--all', '--cleanup');
    await bed.killDaemon('SIGTERM');
  });

  it('goes on with it after the daemon was killed, and ends the app with it', async () => {
    const bed = theBed();
    const before = await traces(bed);
    await bed.daemon();
    await mustLab(bed, 'deploy', '-t', example);
    await mustLab(bed, 'check', '-t', example);
    await rules('learning-switch', 's1', 's2');
    const dpids = (await listed()).map(({ dpid }) => dpid);
    expect(dpids).toEqual(['0000000000000001', '0000000000000002']);

    await bed.killDaemon('SIGKILL');
    // What has flows goes on; a switch that has lost them lets nothing pass, until there is a daemon again.
    expect(await reaches('clab-ovs-controller-h1', '10.0.0.3')).toBe(true);
    await bed.ofctl('-O', 'OpenFlow13', 'del-flows', 's1');
    expect(await reaches('clab-ovs-controller-h1', '10.0.0.3')).toBe(false);
    await bed.daemon();
    await rules('learning-switch', 's1', 's2');
    await mustLab(bed, 'check', '-t', example);

    await mustLab(bed, 'destroy', '-t', example, '--cleanup');
    expect(await listed()).toEqual([]);
    await eventually(async () => expect(await appSockets()).toEqual([]), { what: 'the app to be ended' });
    expect(await traces(bed)).toEqual(before);
  });

  it('shares an app with others, knows its nodes to apps, and takes options', async () => {
    const bed = theBed();
    await bed.daemon();
    const option = 'ovs.bridge.controller=embedded:hub';
    await bed.docker('network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.name=net', '-o', option, 'net');
    const hub = await pair('hub', 'embedded:hub');
    await mustLab(bed, 'deploy', '-t', hub);
    await mustLab(bed, 'check', '-t', hub);
    await rules('hub', 'hub', 'net');
    // A bridge that nobody of us has made.
    const own = [
      'add-br own',
      'set Bridge own datapath_type=netdev',
      'set-controller own unix:linecard-app-hub.sock',
      'set Controller own external_ids:linecard-app=hub',
    ];
    await bed.vsctl(...own.join(' -- ').split(' '));
    await rules('hub', 'hub', 'net', 'own');
    await bed.vsctl('del-br', 'own');
    const walls = await pair('walls', '"embedded:knock?guarded=b&free=a&name=open.example.com"');
    await mustLab(bed, 'deploy', '-t', walls);
    await eventually(
      async () =>
        expect(await bed.ofctl('dump-flows', 'walls')).toMatch(/priority=30,udp,in_port=2 actions=CONTROLLER/),
      { what: 'a wall around the guarded node' },
    );
    expect(await bed.linecard('flows', 'walls')).toContain('in_port=2(b)');
    await mustLab(bed, 'destroy', '-t', walls);
    await mustLab(bed, 'destroy', '-t', hub);
    await eventually(async () => expect(await appSockets()).not.toContainEqual(expect.stringContaining('knock')), {
      what: 'it to be ended',
    });
    await rules('hub', 'net');
    await bed.docker('network', 'rm', 'net');
    expect(await appSockets()).not.toContain('linecard-app-hub.sock');
  });

  it('rules a bridge that was there as long as it is there', async () => {
    const bed = theBed();
    const own = ['add-br there', 'set Bridge there datapath_type=netdev fail_mode=standalone'];
    await bed.vsctl(...own.join(' -- ').split(' '));
    await eventually(async () => expect(await bed.vsctl('show')).not.toContain('error'), { what: 'the bridge' });
    const before = await traces(bed);
    await bed.daemon();
    const file = await pair('there', 'embedded');
    await mustLab(bed, 'deploy', '-t', file);
    await rules('learning-switch', 'there');
    await mustLab(bed, 'check', '-t', file);
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await listed()).toEqual([]);
    expect(await traces(bed)).toEqual(before);
    await bed.vsctl('del-br', 'there');
  });

  it('is refused when there is no daemon, or no such app, and nothing is left', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const refused = async (file: string) => {
      const { status, stderr } = await lab(bed, 'deploy', '-t', file);
      expect(status).toBe(1);
      expect(await traces(bed)).toEqual(before);
      return stderr;
    };
    expect(await refused(example)).toContain(
      'linecard: bridges s1, s2: nobody serves the app learning-switch within 10 s\nhint: `linecard up` runs the daemon',
    );
    await bed.daemon();
    expect(await refused(await pair('typo', 'embedded:lerning-switch'))).toMatch(
      /^linecard: bridge typo: the daemon cannot serve the app lerning-switch: there is no app "lerning-switch" \(there are hub, learning-switch, knock, and yours/m,
    );
    expect(await refused(await pair('typo', '"embedded:knock?speed=1"'))).toMatch(
      /^linecard: bridge typo: .* the app "knock" has no option "speed" \(it has guarded, /m,
    );
  });

  it('goes on with the flows of an app that fails, and has it tried again by the next deploy', async () => {
    const bed = theBed();
    const write = (text: string) => bed.exec(['tee', '/run/apps/mine.mjs'], { input: text });
    const app =
      "export default { name: 'mine', on: { switchUp: (sw) => sw.flows.apply(['actions=FLOOD'], { cookie: 1n }) } };";
    const start = () => bed.daemon({ env: { LINECARD_APPS: '/run/apps' } });
    await bed.exec(['mkdir', '-p', '/run/apps']);
    const file = await pair('mine', 'embedded:mine');
    await write(app);
    await start();
    await mustLab(bed, 'deploy', '-t', file);
    await rules('mine', 'mine');

    await bed.killDaemon('SIGKILL');
    await write('export default {{');
    await start();
    const state = /^mine .* embedded:mine +the app \/run\/apps\/mine\.mjs does not load: /m;
    await eventually(async () => expect(await bed.linecard('controller', 'ls')).toMatch(state), { what: 'the reason' });
    await mustLab(bed, 'check', '-t', file);
    expect((await lab(bed, 'deploy', '-t', file)).stderr).toContain('the app /run/apps/mine.mjs does not load');
    await mustLab(bed, 'check', '-t', file);

    await write(app);
    await mustLab(bed, 'deploy', '-t', file);
    await rules('mine', 'mine');
    expect(await bed.vsctl('--bare', '--columns=external_ids', 'list', 'Controller')).toBe(
      'linecard-app=mine linecard-lab=mine',
    );
  });
});
