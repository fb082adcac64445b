import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lab, labsFolder, mustLab, topology, traces, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

/** Every key of a node that Docker or the lab does something with, in one lab. */
const rich = `prefix: __lab-name
mgmt: {network: rich0, bridge: br-rich, ipv4-subnet: 172.31.50.0/24, ipv6-subnet: "fd31:50::/64", ipv4-gw: 172.31.50.254, mtu: 1400}
topology:
  defaults: {kind: linux, image: busybox, env: {WHO: defaults, LEVEL: defaults}, env-files: [common.env]}
  groups:
    servers: {env: {LEVEL: group}, cap-add: [SYS_TIME]}
  nodes:
    web:
      group: servers
      mgmt-ipv4: 172.31.50.10
      mgmt-ipv6: "fd31:50::10"
      aliases: [www.example]
      ports: ["18080:80", "127.0.0.1:15353:53/udp"]
      cpu: 0.5
      cpu-set: "0"
      memory: 64mb
      shm-size: 8mb
      restart-policy: on-failure
      labels: {colour: blue}
      sysctls: {net.ipv4.ip_forward: 1, net.ipv4.conf.all.rp_filter: 0}
      dns: {servers: [192.0.2.53], search: [example.org]}
      env: {WHO: __clabNodeName__}
      binds: ["__clabNodeDir__/data:/data", "files/__clabNodeName__.txt:/hello.txt:ro", /volume]
      healthcheck: {test: test -e /tmp/ready, interval: 0.2, retries: 100}
      exec: [cat /hello.txt, sh -c "echo from $$LEVEL > /data/out", sh -c "exit 3"]
      stages:
        create-links: {exec: [{command: ls /sys/class/net}]}
        configure: {exec: {on-exit: [touch /tmp/ready]}}
    batch: {cmd: sleep 0.3}
    late:
      stages: {create: {wait-for: [{node: web, stage: healthy}, {node: batch, stage: exit}]}}
    side: {network-mode: container:web, exec: [hostname -i]}
    bare: {network-mode: none}
    outside: {network-mode: host}
    slow: {startup-delay: 1}
    here: {kind: host, exec: [touch ${labsFolder}/rich/made-by-host]}
    foreign: {kind: ext-container, exec: [ls /sys/class/net/eth7]}
  links:
    - endpoints: ["web:eth1", "bare:eth0"]
    - endpoints: ["late:eth1", "foreign:eth7"]
check:
  timeout: 5
  addresses: {web: {eth0: [172.31.50.10/24, "fd31:50::10/64"]}}
  pings: [{from: late, to: 172.31.50.10}, {from: side, to: "fd31:50::1"}, {from: late, to: "fd31:50::10"}]
`;

interface Inspected {
  readonly Config: { readonly Env: string[]; readonly Labels: Record<string, string>; readonly Hostname: string };
  readonly HostConfig: Record<string, unknown>;
  readonly NetworkSettings: { readonly Networks: Record<string, { Aliases: string[]; GlobalIPv6Address: string }> };
}

describeSystem('the nodes of a lab', () => {
  const theBed = useLabs([]);

  it('are what their file says', async () => {
    const bed = theBed();
    await bed.docker('run', '-d', '--name', 'foreign', 'busybox', 'sleep', '1000');
    const before = await traces(bed);
    const file = await topology(bed, 'rich', rich);
    const folder = `${labsFolder}/rich`;
    await bed.exec(['mkdir', `${folder}/files`]);
    await bed.exec(['tee', `${folder}/files/web.txt`], { input: 'hello\n' });
    await bed.exec(['tee', `${folder}/common.env`], { input: '# common\nWHO=file\nCOMMON=yes\n' });
    const { status, stdout, stderr } = await lab(bed, 'deploy', '-t', file, '--max-workers', '3', '-f', 'json');
    expect(status, stderr).toBe(0);

    const inspect = async (name: string) => (JSON.parse(await bed.docker('inspect', name)) as Inspected[])[0]!;
    const web = await inspect('rich-web');
    expect(web.HostConfig).toMatchObject({
      NanoCpus: 5e8,
      CpusetCpus: '0',
      Memory: 64 << 20,
      ShmSize: 8 << 20,
      RestartPolicy: { Name: 'on-failure' },
      Dns: ['192.0.2.53'],
      DnsSearch: ['example.org'],
      PortBindings: {
        '80/tcp': [{ HostIp: '', HostPort: '18080' }],
        '53/udp': [{ HostIp: '127.0.0.1', HostPort: '15353' }],
      },
    });
    expect(web.HostConfig.CapAdd).toContain('SYS_TIME');
    expect(web.Config.Labels).toMatchObject({ colour: 'blue', containerlab: 'rich', 'clab-node-name': 'web' });
    expect(web.Config.Labels).toMatchObject({ 'clab-node-group': 'servers', 'clab-topo-file': file });
    expect(web.Config.Env).toEqual(
      expect.arrayContaining(['WHO=web', 'LEVEL=group', 'COMMON=yes', 'CLAB_LABEL_COLOUR=blue', 'CLAB_INTFS=1']),
    );
    expect(web.NetworkSettings.Networks.rich0!.Aliases).toEqual(expect.arrayContaining(['web', 'www.example']));
    const inside = (name: string, command: string) => bed.docker('exec', name, 'sh', '-c', command);
    expect(await inside('rich-web', 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/rp_filter')).toBe(
      '1\n0',
    );
    expect(await inside('rich-web', 'cat /sys/class/net/eth0/mtu; hostname; ls -d /volume')).toBe('1400\nweb\n/volume');
    expect(await inside('rich-late', 'ping -c 1 -W 2 www.example')).toContain(' 0% packet loss');
    expect(readFileSync(bed.path(`${folder}/clab-rich/web/data/out`), 'utf8')).toBe('from group\n');
    expect((await inspect('rich-batch')).HostConfig.RestartPolicy).toMatchObject({ Name: 'no' });
    expect((await inspect('rich-slow')).HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
    expect((await bed.exec(['ip', '-br', 'addr', 'show', 'br-rich'])).stdout).toMatch(
      /172\.31\.50\.254\/24.* fd31:50::1\/64/,
    );

    // Nodes without a network of their own: the neighbour's, none, and the host's.
    expect(await inside('rich-side', 'cat /sys/class/net/eth1/address')).toBe(
      await inside('rich-web', 'cat /sys/class/net/eth1/address'),
    );
    expect(await inside('rich-bare', 'ls /sys/class/net')).toBe('eth0\nlo');
    expect(await inside('rich-outside', 'ls -d /sys/class/net/br-rich')).toBe('/sys/class/net/br-rich');
    expect(await inside('foreign', 'ls /sys/class/net')).toContain('eth7');

    // Commands where and when the file wants them, and each failure told.
    expect(stderr).toMatch(/^web: cat \/hello.txt\nhello$/m);
    expect(stderr).toMatch(/^web: sh -c exit 3 \(exit status 3\)$/m);
    expect(stderr).toMatch(/^web: ls \/sys\/class\/net\neth0\nlo$/m);
    expect(stderr).toMatch(/^foreign: ls \/sys\/class\/net\/eth7$/m);
    await bed.exec(['test', '-e', `${folder}/made-by-host`]);
    const when = (node: string, state: string) => {
      const line = stderr.split('\n').findIndex((one) => new RegExp(`\\b${node} +${state}`).test(one));
      expect(line, `${node} ${state}`).not.toBe(-1);
      return line;
    };
    expect(when('late', 'creating')).toBeGreaterThan(when('web', 'running'));
    expect(when('side', 'creating')).toBeGreaterThan(when('web', 'starting'));
    expect(Number(/^ *(\d+) ms +slow +creating/m.exec(stderr)?.[1])).toBeGreaterThanOrEqual(1000);
    expect((await inspect('rich-batch')).Config.Env).toContain('CLAB_INTFS=0');

    const rows = JSON.parse(stdout) as { name: string; state: string; ipv4?: string; ipv6?: string; kind: string }[];
    expect(rows.map(({ name, state }) => `${name} ${state}`)).toEqual(
      [
        'bare running',
        'batch exited',
        'late running',
        'outside running',
        'side running',
        'slow running',
        'web running',
      ].map((text) => `rich-${text}`),
    );
    expect(rows.at(-1)).toMatchObject({ ipv4: '172.31.50.10', ipv6: 'fd31:50::10', kind: 'linux' });
    expect(await mustLab(bed, 'inspect', '--all')).toMatch(
      /^rich +rich-web +linux busybox +running +172\.31\.50\.10 +fd31:50::10/m,
    );
    const checked = await lab(bed, 'check', '-t', file);
    expect(checked.stdout.match(/^FAILED.*/gm) ?? [], checked.stdout).toEqual([]);

    const { hosts } = await traces(bed);
    expect(hosts.startsWith(before.hosts)).toBe(true);
    const block = hosts.slice(before.hosts.length).split('\n');
    expect(block[0]).toBe('###### CLAB-rich-START ######');
    expect(block.slice(-2)).toEqual(['###### CLAB-rich-END ######', '']);
    expect(block).toContain('172.31.50.10\trich-web\t# Kind: linux');
    expect(block).toContain('fd31:50::10\trich-web\t# Kind: linux');
    const families = block.slice(1, -2).map((line) => (line.startsWith('fd') ? 6 : 4));
    expect(families).toEqual([...families].sort());

    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
    await bed.docker('rm', '-f', 'foreign');
  });

  it('are reached from outside, by name and by ssh, through networks that are there or not', async (context) => {
    const bed = theBed();
    await bed.exec(['ip', 'link', 'add', 'given', 'type', 'bridge']);
    await bed.exec(['ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'given']);
    await bed.exec(['ip', 'link', 'set', 'given', 'up']);
    const before = await traces(bed);
    const nodes = 'topology: {nodes: {a: {kind: linux, image: busybox}}}\n';
    const given = await topology(bed, 'given', `mgmt: {network: given0, bridge: given}\n${nodes}`);
    const plain = await topology(bed, 'plain', `mgmt: {network: bridge, external-access: false}\n${nodes}`);
    await mustLab(bed, 'deploy', '-t', given);
    await mustLab(bed, 'deploy', '-t', plain);
    expect(await bed.docker('exec', 'clab-given-a', 'ip', 'route')).toMatch(/^default via 10\.77\.0\.1 dev eth0/);
    expect(await bed.docker('exec', 'clab-plain-a', 'ip', 'route')).toMatch(/^default via 172\.17\.0\.1 dev eth0/);
    const rules = (await bed.exec(['iptables-save'])).stdout;
    expect(rules).toMatch(/^-A LAB-\w+ -o given -j ACCEPT$/m);
    expect(rules).not.toMatch(/^-A LAB-\w+ -o docker0/m);
    const known = await bed.exec(['cat', '/etc/hosts']);
    expect(known.stdout).toMatch(/^10\.77\.0\.2\tclab-given-a\t# Kind: linux\n###### CLAB-given-END ######$/m);
    const ssh = await bed.exec(['cat', '/etc/ssh/ssh_config.d/clab-given.conf'], { allowFail: true });
    await mustLab(bed, 'destroy', '-t', given, '--cleanup');
    await mustLab(bed, 'destroy', '-t', plain, '--cleanup');
    expect(await traces(bed)).toEqual(before);
    if (!existsSync('/etc/ssh/ssh_config.d')) context.skip('this machine has no /etc/ssh/ssh_config.d');
    expect(ssh.stdout).toBe(
      '# Containerlab SSH Config for the given lab\n\nHost clab-given-a\n\tStrictHostKeyChecking=no\n\tUserKnownHostsFile=/dev/null\n',
    );
  });
});
