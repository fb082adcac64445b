import { LinecardError } from '@linecard/wire';
import { z } from 'zod';

/**
 * The parts of the Engine's answers that are used (Docker Engine API 1.41 and newer), lifted into names of our own.
 * Everything else is ignored, so that engines may add and remove.
 */
const map = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value): Readonly<Record<string, string>> => value ?? {});
const flag = z.boolean().nullish().transform(Boolean);
const optional = z
  .string()
  .nullish()
  .transform((value) => (value === '' || value === null ? undefined : value));

/** A container's connection to one network. */
export interface ContainerNetwork {
  /** The network's name. */
  readonly name: string;
  readonly networkId: string | undefined;
  /** Absent while the container is not running. */
  readonly endpointId: string | undefined;
  readonly mac: string | undefined;
  /** Without prefix length. */
  readonly ipv4: string | undefined;
  /** Without prefix length. */
  readonly ipv6: string | undefined;
  /** The IPv4 gateway of the container there, or the IPv6 one when it has no other. */
  readonly gateway: string | undefined;
  /** The `--driver-opt key=value` options of the endpoint. */
  readonly options: Readonly<Record<string, string>>;
}

const containerNetworks = z
  .record(
    z.string(),
    z
      .object({
        NetworkID: optional,
        EndpointID: optional,
        MacAddress: optional,
        IPAddress: optional,
        GlobalIPv6Address: optional,
        Gateway: optional,
        IPv6Gateway: optional,
        DriverOpts: map,
      })
      .nullish(),
  )
  .nullish()
  .transform((networks): readonly ContainerNetwork[] =>
    Object.entries(networks ?? {}).map(([name, network]) => ({
      name,
      networkId: network?.NetworkID,
      endpointId: network?.EndpointID,
      mac: network?.MacAddress,
      ipv4: network?.IPAddress,
      ipv6: network?.GlobalIPv6Address,
      gateway: network?.Gateway ?? network?.IPv6Gateway,
      options: network?.DriverOpts ?? {},
    })),
  );

/** `/web` is a name; `/db/web` is an old link's alias of another container. */
function ownName(names: readonly string[]): string {
  const own = names.find((name) => name.lastIndexOf('/') <= 0) ?? names[0] ?? '';
  return own.replace(/^\//, '');
}

/** GET /containers/json. */
export const containerList = z.array(
  z
    .object({
      Id: z.string(),
      Names: z.array(z.string()).nullish(),
      Image: optional,
      Labels: map,
      State: optional,
      HostConfig: z.object({ NetworkMode: optional }).nullish(),
      NetworkSettings: z.object({ Networks: containerNetworks }).nullish(),
    })
    .transform((wire) => ({
      id: wire.Id,
      name: ownName(wire.Names ?? []),
      image: wire.Image,
      labels: wire.Labels,
      /** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
      state: wire.State ?? 'unknown',
      networkMode: wire.HostConfig?.NetworkMode,
      networks: wire.NetworkSettings?.Networks ?? [],
    })),
);

/** A port that `docker run -p` publishes. */
export interface PublishedBinding {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  /** Empty: every address of the host. */
  readonly hostIp: string;
  /** 0 when the driver was to choose one, or one of a range. */
  readonly hostPort: number;
}

/** `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}`. */
const portBindings = z
  .record(z.string(), z.array(z.object({ HostIp: z.string().nullish(), HostPort: z.string().nullish() })).nullish())
  .nullish()
  .transform((wire): readonly PublishedBinding[] =>
    Object.entries(wire ?? {}).flatMap(([key, bindings]) => {
      const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(key) ?? [];
      if (port === undefined) return [];
      return (bindings ?? []).map(({ HostIp, HostPort }) => ({
        protocol: protocol as PublishedBinding['protocol'],
        port: Number(port),
        hostIp: HostIp ?? '',
        hostPort: /^\d{1,5}$/.test(HostPort ?? '') ? Number(HostPort) : 0,
      }));
    }),
  );

/** GET /containers/{id}/json. */
export const containerDetail = z
  .object({
    Id: z.string(),
    Name: z.string(),
    State: z.object({
      Status: optional,
      Running: flag,
      Pid: z.number().int().nullish(),
      ExitCode: z.number().int().nullish(),
      Health: z.object({ Status: optional }).nullish(),
    }),
    Config: z.object({ Image: optional, Labels: map }).nullish(),
    HostConfig: z.object({ NetworkMode: optional, PortBindings: portBindings }).nullish(),
    NetworkSettings: z.object({ SandboxKey: optional, Networks: containerNetworks }).nullish(),
  })
  .transform((wire) => ({
    id: wire.Id,
    name: wire.Name.replace(/^\//, ''),
    state: wire.State.Status ?? 'unknown',
    /** True also while paused or restarting. */
    running: wire.State.Running,
    /** The process ID of the container's first process; absent while it has none. */
    pid: wire.State.Pid || undefined,
    exitCode: wire.State.ExitCode ?? undefined,
    /** `starting`, `healthy` or `unhealthy`; absent without a health check. */
    health: wire.State.Health?.Status,
    image: wire.Config?.Image,
    labels: wire.Config?.Labels ?? {},
    /** `none`, `host`, `bridge`, `container:ID` or a network's name. */
    networkMode: wire.HostConfig?.NetworkMode,
    /** The path of the network namespace, such as `/var/run/docker/netns/f08aa5d261c3`. */
    sandboxKey: wire.NetworkSettings?.SandboxKey,
    portBindings: wire.HostConfig?.PortBindings ?? [],
    networks: wire.NetworkSettings?.Networks ?? [],
  }));

const networkFields = z.object({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Scope: optional,
  Internal: flag,
  EnableIPv6: flag,
  Options: map,
  Labels: map,
  IPAM: z
    .object({
      Driver: optional,
      Config: z
        .array(z.object({ Subnet: optional, IPRange: optional, Gateway: optional, AuxiliaryAddresses: map }))
        .nullish(),
    })
    .nullish(),
  Containers: z
    .record(
      z.string(),
      z.object({
        Name: z.string(),
        EndpointID: z.string(),
        MacAddress: optional,
        IPv4Address: optional,
        IPv6Address: optional,
      }),
    )
    .nullish(),
});

/** An endpoint of a network. */
export interface NetworkEndpoint {
  /** Absent for an endpoint without a container, such as a swarm load balancer's. */
  readonly containerId: string | undefined;
  /** The container's name. */
  readonly name: string;
  readonly endpointId: string;
  readonly mac: string | undefined;
  /** With prefix length. */
  readonly ipv4: string | undefined;
  /** With prefix length. */
  readonly ipv6: string | undefined;
}

/** GET /networks/{id}; the elements of GET /networks are the same without containers. */
export const networkDetail = networkFields.transform((wire) => ({
  id: wire.Id,
  name: wire.Name,
  driver: wire.Driver,
  scope: wire.Scope,
  internal: wire.Internal,
  enableIPv6: wire.EnableIPv6,
  /** The `-o key=value` options. */
  options: wire.Options,
  labels: wire.Labels,
  ipamDriver: wire.IPAM?.Driver,
  subnets: (wire.IPAM?.Config ?? []).map((config) => ({
    subnet: config.Subnet,
    ipRange: config.IPRange,
    gateway: config.Gateway,
    auxiliaryAddresses: config.AuxiliaryAddresses,
  })),
  endpoints: Object.entries(wire.Containers ?? {}).map(
    ([key, endpoint]): NetworkEndpoint => ({
      containerId: key.startsWith('ep-') ? undefined : key,
      name: endpoint.Name,
      endpointId: endpoint.EndpointID,
      mac: endpoint.MacAddress,
      ipv4: endpoint.IPv4Address,
      ipv6: endpoint.IPv6Address,
    }),
  ),
}));

export const networkList = z.array(networkDetail);

/** GET /services, on a manager of a swarm. */
export const serviceList = z.array(
  z
    .object({
      ID: z.string(),
      Spec: z.object({ Name: z.string() }),
      Endpoint: z
        .object({
          VirtualIPs: z.array(z.object({ NetworkID: z.string(), Addr: optional })).nullish(),
        })
        .nullish(),
    })
    .transform((wire) => ({
      id: wire.ID,
      name: wire.Spec.Name,
      /** The service's address on each of its networks, with prefix length; none with `--endpoint-mode dnsrr`. */
      virtualIps: (wire.Endpoint?.VirtualIPs ?? []).flatMap(({ NetworkID, Addr }) =>
        Addr === undefined ? [] : [{ networkId: NetworkID, address: Addr }],
      ),
    })),
);

/** GET /version. */
export const versionAnswer = z
  .object({ Version: z.string(), ApiVersion: z.string(), MinAPIVersion: optional, KernelVersion: optional })
  .transform((wire) => ({
    version: wire.Version,
    apiVersion: wire.ApiVersion,
    minApiVersion: wire.MinAPIVersion,
    kernelVersion: wire.KernelVersion,
  }));

/** GET /info. */
export const infoAnswer = z
  .object({
    ID: optional,
    Name: optional,
    ServerVersion: optional,
    DockerRootDir: optional,
    LiveRestoreEnabled: flag,
    Swarm: z
      .object({ LocalNodeState: optional, ControlAvailable: flag, Cluster: z.object({ ID: optional }).nullish() })
      .nullish(),
    Plugins: z.object({ Network: z.array(z.string()).nullish() }).nullish(),
  })
  .transform((wire) => ({
    id: wire.ID,
    /** The host's name. */
    name: wire.Name,
    version: wire.ServerVersion,
    rootDir: wire.DockerRootDir,
    liveRestore: wire.LiveRestoreEnabled,
    swarm: wire.Swarm?.LocalNodeState === 'active',
    swarmManager: wire.Swarm?.ControlAvailable ?? false,
    /** The swarm's ID, which only managers know. */
    swarmId: wire.Swarm?.Cluster?.ID,
    networkPlugins: wire.Plugins?.Network ?? [],
  }));

/** POST /containers/create, /networks/create and /containers/{id}/exec. */
export const createdAnswer = z.object({ Id: z.string() }).transform((wire) => wire.Id);

/** GET /exec/{id}/json. */
export const execAnswer = z
  .object({ Running: flag, ExitCode: z.number().int().nullish() })
  .transform((wire) => ({ running: wire.Running, exitCode: wire.ExitCode ?? undefined }));

export type ContainerSummary = z.output<typeof containerList>[number];
export type ContainerDetail = z.output<typeof containerDetail>;
export type DockerNetwork = z.output<typeof networkDetail>;
export type DockerService = z.output<typeof serviceList>[number];
export type DockerVersion = z.output<typeof versionAnswer>;
export type DockerInfo = z.output<typeof infoAnswer>;

/** Checks an answer. Throws `LC_PROTOCOL` with the field that is wrong. */
export function readAnswer<S extends z.ZodType>(call: string, schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.').slice(0, 200) || 'the whole';
  throw new LinecardError('LC_PROTOCOL', `Docker's answer to ${call}: ${field}: ${issue?.message}`);
}
