import { describe, expect, it } from 'vitest';
import { resolveText } from '../model/resolve.js';
import { containerConfig } from './container.js';

const lab = resolveText(
  '/labs/x.clab.yml',
  `
name: x
topology:
  nodes:
    a:
      {kind: linux, image: i, cmd: sleep 5, env: {K: v}, ports: ["8080:80", "127.0.0.1:53:53/udp"], memory: 1gb, cpu: 1.5,
       mgmt-ipv4: 172.20.20.9, binds: ["f:/f:ro", "/data"], sysctls: {net.ipv4.ip_forward: 1}, restart-policy: always}
    b: {kind: linux, image: i, network-mode: container:a}
    c: {kind: linux, image: i, privileged: true, network-mode: none}
  links: [{endpoints: ["a:eth1", "c:eth0"]}]`,
  { exists: () => true, env: {} },
);
const parts = { binds: [], sysctls: {} };
const [a, b, c] = lab.nodes.map((node) => containerConfig(lab, node, parts));

describe('containerConfig', () => {
  it('says what the file says', () => {
    expect(a).toMatchObject({ Hostname: 'a', Image: 'i', Cmd: ['sleep', '5'], Volumes: { '/data': {} } });
    const env = Object.fromEntries(a!.Env!.map((line) => line.split(/=(.*)/s)));
    expect(env).toMatchObject({
      CLAB_LABEL_CLAB_NODE_NAME: 'a',
      CLAB_LABEL_CONTAINERLAB: 'x',
      CLAB_INTFS: '1',
      K: 'v',
    });
    expect(env.NO_PROXY).toMatch(/^localhost,127\.0\.0\.1,.*172\.20\.20\.0\/24,172\.20\.20\.9,/);
    expect(a!.ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {} });
    expect(a!.HostConfig).toMatchObject({
      NetworkMode: 'clab',
      Binds: ['/labs/f:/f:ro'],
      Memory: 1 << 30,
      NanoCpus: 1.5e9,
      Sysctls: { 'net.ipv4.ip_forward': '1' },
      RestartPolicy: { Name: 'always' },
      PortBindings: {
        '80/tcp': [{ HostIp: '', HostPort: '8080' }],
        '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }],
      },
    });
    expect(a!.NetworkingConfig).toEqual({
      EndpointsConfig: { clab: { IPAMConfig: { IPv4Address: '172.20.20.9' }, Aliases: ['a'] } },
    });
  });

  it('gives the rights of a router, and those of the host only when asked', () => {
    expect(a!.HostConfig).toMatchObject({ CapAdd: ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN'], ReadonlyPaths: [] });
    expect(a!.HostConfig).not.toHaveProperty('Privileged');
    expect(c!.HostConfig).toMatchObject({ Privileged: true, NetworkMode: 'none' });
  });

  it('leaves the name and the kernel parameters to the owner of a shared namespace', () => {
    expect(b!.HostConfig).toMatchObject({ NetworkMode: 'container:clab-x-a' });
    expect(b).not.toHaveProperty('Hostname');
    expect(b!.HostConfig).not.toHaveProperty('Sysctls');
  });

  it('marks the container, and tells another text of the file by it', () => {
    expect(a!.Labels).toMatchObject({
      'linecard.lab': 'x',
      'linecard.lab.node': 'a',
      'linecard.lab.file': '/labs/x.clab.yml',
    });
    const changed = containerConfig(lab, { ...lab.nodes[0]!, image: 'j' }, parts);
    expect(changed.Labels['linecard.lab.hash']).not.toBe(a!.Labels['linecard.lab.hash']);
  });
});
