import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { lab, labsFolder, mustLab, ownHostFiles, startLab, topology, traces, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

/** A ring of containers, a bridge of the kernel and one of Open vSwitch, a link to the host, and proofs of them all. */
function ring(size: number): string {
  const names = Array.from({ length: size }, (_, i) => `n${i}`);
  const links = names.map((name, i) => {
    const addresses = `10.9.${i}.1/24, 10.9.${i}.2/24`;
    return `    - {endpoints: ["${name}:eth1", "${names[(i + 1) % size]}:eth2"], ipv4: [${addresses}]}`;
  });
  return `topology:
  defaults: {kind: linux, image: busybox, exec: [ip addr add 10.99.0.1/32 dev lo]}
  nodes:
${names.map((name) => `    ${name}: {}`).join('\n')}
    ring-s1: {kind: ovs-bridge}
    ring-b1: {kind: bridge}
  links:
${links.join('\n')}
    - {endpoints: [{node: n0, interface: eth3, ipv4: 10.8.0.1/24}, {node: ring-s1, interface: ring-s1-7}]}
    - {endpoints: [{node: n1, interface: eth3, ipv4: 10.8.0.2/24}, {node: ring-s1, interface: ring-s1-8}]}
    - {endpoints: [{node: n0, interface: eth4, ipv4: 10.7.0.1/24}, {node: ring-b1, interface: ring-b1-0}]}
    - {endpoints: [{node: n1, interface: eth4, ipv4: 10.7.0.2/24}, {node: ring-b1, interface: ring-b1-1}]}
    - {endpoints: [{node: n0, interface: eth5, ipv4: 10.6.0.1/24}, {node: host, interface: ring-h0, ipv4: 10.6.0.2/24}]}
check:
  timeout: 10
  addresses: {n0: {lo: 10.99.0.1/32}, n1: {lo: 10.99.0.1/32}}
  pings: [{from: n0, to: 10.9.0.2}, {from: n0, to: 10.8.0.2}, {from: n0, to: 10.7.0.2}, {from: n0, to: 10.6.0.2}]
`;
}

async function proven(bed: Bed, file: string): Promise<void> {
  const { stdout, stderr } = await lab(bed, 'check', '-t', file);
  expect(stdout.match(/^FAILED.*/gm) ?? [], stdout + stderr).toEqual([]);
  expect(stdout).toContain('ok ');
}

describeSystem('a lab', () => {
  const theBed = useLabs([], { ovs: true });

  it('is whole after a deploy that was killed anywhere and is done again, and gone after such a destroy', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = await topology(bed, 'ring', ring(6));
    const seen = (state: string, count: number) => (log: string) =>
      (log.match(new RegExp(`${state}$`, 'gm'))?.length ?? 0) >= count;
    const moments = [
      seen('waiting', 1),
      seen('creating', 2),
      seen('starting', 4),
      seen('wiring', 3),
      seen('configuring', 5),
    ];
    for (const [index, isThere] of moments.entries()) {
      const deploy = startLab(bed, 'deploy', '-t', file, '--max-workers', '2');
      await eventually(() => expect(isThere(deploy.log())).toBe(true), { what: `moment ${index}`, timeoutMs: 60_000 });
      await deploy.kill('SIGKILL');
      // Half of them go on where the last one was killed, the others begin anew.
      if (index % 2 === 1) await mustLab(bed, 'destroy', '--name', 'ring', '--cleanup');
      if (index % 2 === 1) expect(await traces(bed)).toEqual(before);
    }
    await mustLab(bed, 'deploy', '-t', file);
    await proven(bed, file);
    // What a deploy leaves that was killed between the links of a node and its configuration.
    const pid = await bed.docker('inspect', '--format', '{{.State.Pid}}', 'clab-ring-n0');
    const inside = ['nsenter', '-t', pid, '-n', '--', 'ip'];
    await bed.exec([...inside, 'link', 'set', 'lo', 'alias', '']);
    await bed.exec([...inside, 'address', 'delete', '10.99.0.1/32', 'dev', 'lo']);
    await mustLab(bed, 'deploy', '-t', file);
    await proven(bed, file);

    for (const left of [5, 3, 1]) {
      const destroy = startLab(bed, 'destroy', '-t', file, '--max-workers', '1');
      await eventually(
        async () => {
          const ids = (await bed.docker('ps', '-q')).split('\n').filter((id) => id !== '');
          expect(ids.length).toBeLessThanOrEqual(left);
        },
        { what: `${left} containers to be left`, timeoutMs: 60_000 },
      );
      await destroy.kill('SIGKILL');
    }
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });

  it('keeps what is there, makes anew what is gone, and takes single nodes out and in', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = await topology(bed, 'ring', ring(3));
    await mustLab(bed, 'deploy', '-t', file, '--node-filter', 'n0,n1,ring-s1,ring-b1');
    expect((await lab(bed, 'inspect', '-t', file)).stdout).not.toContain('n2');
    const pids = async () => bed.docker('inspect', '--format', '{{.State.Pid}}', 'clab-ring-n0', 'clab-ring-n1');
    const first = await pids();
    const grown = await lab(bed, 'deploy', '-t', file);
    expect(grown.status, grown.stderr).toBe(0);
    expect(grown.stderr.match(/(n\d) +(kept|running)$/gm)?.sort()).toHaveLength(3);
    expect(await pids()).toBe(first);
    await proven(bed, file);

    // Nothing is done to a lab that is whole.
    const again = await lab(bed, 'deploy', '-t', file);
    expect(again.stderr.match(/kept$/gm)).toHaveLength(3);
    expect(again.stderr).not.toContain('ip addr add');

    // A node whose container has ended or was removed comes back with its links and commands.
    await bed.docker('stop', '-t', '0', 'clab-ring-n1');
    await bed.docker('rm', '-f', 'clab-ring-n2');
    // Neighbours know it again by its hardware address.
    await mustLab(bed, 'deploy', '-t', file);
    await proven(bed, file);

    // What another has taken away of a link is seen.
    await bed.vsctl('del-port', 'ring-s1-8');
    const broken = await lab(bed, 'check', '-t', file);
    expect(broken.stdout).toMatch(/^FAILED {2}ring-s1:ring-s1-8 is up: /m);
    expect(broken.status).toBe(1);
    await mustLab(bed, 'deploy', '-t', file);
    await proven(bed, file);

    // One node less: its ports leave the switch, its name leaves the hosts file.
    await mustLab(bed, 'destroy', '-t', file, '--node-filter', 'n1');
    expect(await bed.vsctl('list-ports', 'ring-s1')).toBe('ring-s1-7');
    expect((await traces(bed)).hosts).not.toContain('clab-ring-n1');
    expect((await traces(bed)).hosts).toContain('clab-ring-n0');
    await mustLab(bed, 'deploy', '-t', file);
    await proven(bed, file);

    const changed = await topology(bed, 'ring', ring(3).replace('image: busybox', 'image: busybox, env: {NEW: 1}'));
    const refused = await lab(bed, 'deploy', '-t', changed);
    expect(refused.stderr).toMatch(/clab-ring-n\d was deployed from another text of the file\nhint: .*redeploy/);
    await mustLab(bed, 'redeploy', '-t', changed);
    expect(await bed.docker('exec', 'clab-ring-n2', 'sh', '-c', 'echo $NEW')).toBe('1');
    await mustLab(bed, 'deploy', '-t', file, '--reconfigure', '--node-filter', 'n0');
    expect((await mustLab(bed, 'inspect', '--name', 'ring', '-f', 'json')).match(/"state": "running"/g)).toHaveLength(
      3,
    );
    await bed.exec(['rm', '-r', `${labsFolder}/ring`]);
    await mustLab(bed, 'destroy', '-t', file);
    expect(await traces(bed)).toEqual(before);
  });

  it('is removed when its containers are gone, and when not even its name is known', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = await topology(bed, 'ring', ring(2));
    const other = await topology(bed, 'other', 'topology:\n  nodes: {other-b: {kind: bridge}}\n');
    await mustLab(bed, 'deploy', '-t', file);
    await mustLab(bed, 'deploy', '-t', other);
    await bed.docker('rm', '-f', 'clab-ring-n0', 'clab-ring-n1');
    expect((await bed.links()).map(({ ifname }) => ifname)).toEqual(expect.arrayContaining(['ring-b1', 'other-b']));
    expect(await bed.vsctl('list-br')).toBe('ring-s1');
    const said = await lab(bed, 'destroy', '--all', '--cleanup');
    expect(said.stderr).toContain('lab ring: 0 containers removed');
    expect(said.stderr).toContain('interfaces of labs without a name removed: other-b');
    expect(await traces(bed)).toEqual(before);
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(existsSync(bed.path(`${labsFolder}/ring/clab-ring`))).toBe(false);
  });

  it('is deployed again or removed after a reboot', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const text = ring(2);
    // What survives a reboot: the hosts file and the topology, which in a bed lie in a folder that does not.
    const reboot = async () => {
      const hosts = readFileSync(bed.path('/run/hosts'), 'utf8');
      await bed.reboot();
      await ownHostFiles(bed);
      writeFileSync(bed.path('/run/hosts'), hosts);
      await Promise.all([bed.startOvs(), bed.startDocker()]);
      return topology(bed, 'ring', text);
    };
    await mustLab(bed, 'deploy', '-t', await topology(bed, 'ring', text));
    const file = await reboot();
    expect(await bed.vsctl('list-ports', 'ring-s1')).toBe('ring-s1-7\nring-s1-8');
    await mustLab(bed, 'deploy', '-t', file);
    await proven(bed, file);
    await reboot();
    await mustLab(bed, 'destroy', '--all', '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });
});
