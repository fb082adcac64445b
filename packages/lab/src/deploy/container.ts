import type { ContainerConfig } from '@linecard/docker';
import type { KindParts } from '../kinds/kind.js';
import type { PortBinding } from '../model/ports.js';
import type { Bind, Lab, LabNode } from '../model/types.js';
import { environmentOf } from './env.js';
import { usesManagement } from './management.js';
import { clabLabels, fingerprint, nodeLabels } from './marks.js';

const second = 1e9;

function bindText({ source, target, mode }: Bind): string {
  return `${source}:${target}${mode === '' ? '' : `:${mode}`}`;
}

interface Publishing {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, { HostIp: string; HostPort: string }[]>;
}

function publishing(ports: readonly PortBinding[]): Publishing {
  const result: Publishing = { exposed: {}, bindings: {} };
  for (const { address, hostPort, port, protocol } of ports) {
    const key = `${port}/${protocol}`;
    result.exposed[key] = {};
    result.bindings[key] = [...(result.bindings[key] ?? []), { HostIp: address, HostPort: String(hostPort ?? '') }];
  }
  return result;
}

function networking(lab: Lab, node: LabNode): { mode: string; config: Record<string, unknown> } {
  if (!usesManagement(node.kind, node.networkMode)) {
    const shared = /^container:(.+)$/.exec(node.networkMode ?? '')?.[1];
    const sibling = lab.nodes.find((other) => other.name === shared)?.longName ?? shared;
    return { mode: sibling === undefined ? (node.networkMode ?? 'none') : `container:${sibling}`, config: {} };
  }
  // Docker's own network takes neither.
  if (lab.mgmt.network === 'bridge') return { mode: 'bridge', config: {} };
  const ipam = {
    ...(node.mgmtIpv4 === undefined ? {} : { IPv4Address: node.mgmtIpv4 }),
    ...(node.mgmtIpv6 === undefined ? {} : { IPv6Address: node.mgmtIpv6 }),
  };
  const endpoint = { IPAMConfig: ipam, Aliases: [node.name, ...node.aliases] };
  return { mode: lab.mgmt.network, config: { EndpointsConfig: { [lab.mgmt.network]: endpoint } } };
}

/**
 * What a network operating system needs: interfaces, namespaces, mounts and kernel parameters of its own, but neither
 * the devices nor the modules of the host, which `privileged` gives away too.
 */
function routerRights(node: LabNode): Record<string, unknown> {
  return {
    CapAdd: [...new Set(['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN', ...node.capAdd])],
    SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
    MaskedPaths: [],
    ReadonlyPaths: [],
  };
}

function hostConfig(lab: Lab, node: LabNode, parts: KindParts): Record<string, unknown> {
  const { mode } = networking(lab, node);
  // Kernel parameters of the network belong to whoever owns the namespace.
  const ownNamespace = mode !== 'host' && !mode.startsWith('container:');
  return {
    NetworkMode: mode,
    ...(node.privileged ? { Privileged: true } : routerRights(node)),
    Binds: [...parts.binds, ...node.binds.filter(({ source }) => source !== '')].map(bindText),
    ...(ownNamespace ? { Sysctls: { ...parts.sysctls, ...node.sysctls } } : {}),
    PortBindings: publishing(node.ports).bindings,
    Devices: node.devices.map((text) => {
      const [path = '', inside = path, permissions = 'rwm'] = text.split(':');
      return { PathOnHost: path, PathInContainer: inside, CgroupPermissions: permissions };
    }),
    RestartPolicy: { Name: node.restartPolicy },
    AutoRemove: node.autoRemove,
    Dns: node.dns.servers,
    DnsSearch: node.dns.search,
    DnsOptions: node.dns.options,
    ...(node.cpu === undefined ? {} : { NanoCpus: Math.round(node.cpu * 1e9) }),
    ...(node.cpuSet === undefined ? {} : { CpusetCpus: node.cpuSet }),
    ...(node.memory === undefined ? {} : { Memory: node.memory }),
    ...(node.shmSize === undefined ? {} : { ShmSize: node.shmSize }),
  };
}

/** What Docker is told about the container of a node. */
export function containerConfig(
  lab: Lab,
  node: LabNode,
  parts: KindParts,
): ContainerConfig & { Labels: Record<string, string> } {
  const { mode, config } = networking(lab, node);
  const { healthcheck: health } = node;
  const volumes = node.binds.filter(({ source }) => source === '').map(({ target }) => [target, {}]);
  const ownName = mode !== 'host' && !mode.startsWith('container:');
  const body = {
    ...(ownName ? { Hostname: node.name } : {}),
    Image: node.image ?? '',
    Tty: true,
    OpenStdin: true,
    ...(node.cmd === undefined ? {} : { Cmd: node.cmd }),
    ...(node.entrypoint === undefined ? {} : { Entrypoint: node.entrypoint }),
    ...(node.user === undefined ? {} : { User: node.user }),
    Env: environmentOf(lab, node, { ...node.labels, ...clabLabels(lab, node) }),
    ...(volumes.length === 0 ? {} : { Volumes: Object.fromEntries(volumes) as Record<string, object> }),
    ...(ownName ? { ExposedPorts: publishing(node.ports).exposed } : {}),
    ...(health === undefined
      ? {}
      : {
          Healthcheck: {
            Test: health.test,
            Interval: health.intervalS * second,
            Timeout: health.timeoutS * second,
            Retries: health.retries,
            StartPeriod: health.startPeriodS * second,
          },
        }),
    HostConfig: hostConfig(lab, node, parts),
    NetworkingConfig: config,
  };
  // What other nodes and links add to the environment makes no other container of it.
  return { ...body, Labels: nodeLabels(lab, node, fingerprint({ ...body, Env: node.env })) };
}
