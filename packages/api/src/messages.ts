import { z } from 'zod';

/** A controller of a bridge and whether Open vSwitch is connected to it. */
const controllerState = z.object({ target: z.string(), connected: z.boolean() });

/** A Docker network on Open vSwitch, of one host or over many, or a bridge that `linecard attach` made. */
export const networkInfo = z.object({
  /** `network` and `attach` are one host's, `overlay` is over many hosts. */
  kind: z.enum(['network', 'attach', 'overlay']),
  /** Docker's network ID; absent for a bridge without a network. */
  id: z.string().exactOptional(),
  /** Absent until Docker has told it. */
  name: z.string().exactOptional(),
  bridge: z.string(),
  /** The logical switch, of a network over many hosts. */
  switch: z.string().exactOptional(),
  /** The logical router that leads out of it; absent where none does. */
  router: z.string().exactOptional(),
  mode: z.enum(['flat', 'nat', 'routed']).exactOptional(),
  internal: z.boolean(),
  subnets: z.array(z.string()),
  gateways: z.array(z.string()),
  vlan: z.number().exactOptional(),
  mtu: z.number().exactOptional(),
  /** 16 hex digits, as ovs-vswitchd reports it; absent while the bridge does not work. */
  dpid: z.string().exactOptional(),
  datapath: z.enum(['kernel', 'userspace']).exactOptional(),
  failMode: z.string().exactOptional(),
  controllers: z.array(controllerState),
  /** How many container ports it has on this host. */
  ports: z.number(),
});
export type NetworkInfo = z.output<typeof networkInfo>;

const lease = z.object({
  address: z.string(),
  router: z.string().exactOptional(),
  server: z.string().exactOptional(),
  /** Seconds that the server granted. */
  seconds: z.number(),
  /** ISO 8601. */
  since: z.string(),
});

/** A port published on the host. */
const published = z.object({
  protocol: z.enum(['tcp', 'udp', 'sctp']),
  hostIp: z.string(),
  hostPort: z.number(),
  port: z.number(),
});

/** Where a port of a network over many hosts is; absent in networks of one host. */
const place = {
  /** The host that made it. */
  host: z.string().exactOptional(),
  /** The chassis that OVN has bound it to; absent while it is not up. */
  chassis: z.string().exactOptional(),
  /** The name of its logical port. */
  logicalPort: z.string().exactOptional(),
  /** OVN's number of the port within its switch, which tunnels carry. */
  tunnelKey: z.number().exactOptional(),
};

/** A port of a bridge. */
export const portInfo = z.object({
  /** `endpoint` and `attachment` are containers; `uplink` and `tunnel` belong to the network; `other` is somebody else's. */
  kind: z.enum(['endpoint', 'attachment', 'uplink', 'tunnel', 'other']),
  bridge: z.string(),
  network: z.string().exactOptional(),
  networkId: z.string().exactOptional(),
  container: z.string().exactOptional(),
  containerId: z.string().exactOptional(),
  /** Docker's endpoint ID, or that of the attachment. */
  endpointId: z.string().exactOptional(),
  /** The interface's name in the container, as the kernel says. */
  ifname: z.string().exactOptional(),
  /** The interface of Open vSwitch. */
  hostInterface: z.string(),
  /** The OpenFlow port; absent while Open vSwitch has given none. */
  ofport: z.number().exactOptional(),
  ...place,
  mac: z.string(),
  /** With prefix length. */
  addresses: z.array(z.string()),
  vlan: z.number().exactOptional(),
  mtu: z.number().exactOptional(),
  published: z.array(published),
  lease: lease.exactOptional(),
  state: z.enum(['up', 'pending', 'error']),
  /** Why there is no OpenFlow port, as ovs-vswitchd says. */
  error: z.string().exactOptional(),
});
export type PortInfo = z.output<typeof portInfo>;

/** An Ethernet interface of a container, whoever made it. */
export const containerInterface = z.object({
  /** Empty for a container of another host. */
  ifname: z.string(),
  mac: z.string(),
  bridge: z.string().exactOptional(),
  ofport: z.number().exactOptional(),
  hostInterface: z.string().exactOptional(),
  ...place,
});
export type ContainerInterfaceInfo = z.output<typeof containerInterface>;

/** What `linecard attach` asks for. */
export const attachRequest = z.object({
  bridge: z.string(),
  /** Name, ID or unique beginning of an ID. */
  container: z.string(),
  /** With prefix length. */
  addresses: z.array(z.string()).max(64),
  ifname: z.string().exactOptional(),
  ofport: z.number().int().exactOptional(),
  mac: z.string().exactOptional(),
  vlan: z.number().int().exactOptional(),
  gateway: z.string().exactOptional(),
  mtu: z.number().int().exactOptional(),
  controllers: z.array(z.string()).max(16).exactOptional(),
});
export type AttachOrder = z.output<typeof attachRequest>;

/** What was attached or detached. */
export const attachmentInfo = z.object({
  bridge: z.string(),
  container: z.string(),
  containerId: z.string(),
  ifname: z.string(),
  ofport: z.number(),
  mac: z.string(),
  addresses: z.array(z.string()),
});
export type AttachmentInfo = z.output<typeof attachmentInfo>;

/** What `linecard attach` did; not `changed` when everything was so already. */
export const attachReply = attachmentInfo.extend({ hostInterface: z.string(), changed: z.boolean() });
export type AttachReply = z.output<typeof attachReply>;

/** What `linecard detach` asks for. */
export const detachOrder = z.object({
  bridge: z.string(),
  container: z.string(),
  ifname: z.string().exactOptional(),
});
export type DetachOrder = z.output<typeof detachOrder>;

/** How the daemon is. */
export const status = z.object({
  version: z.string(),
  pid: z.number(),
  /** Seconds that it has been running. */
  uptime: z.number(),
  ovs: z.object({
    endpoint: z.string(),
    connected: z.boolean(),
    version: z.string().exactOptional(),
    error: z.string().exactOptional(),
  }),
  docker: z.object({ socket: z.string(), connected: z.boolean() }),
  networks: z.number(),
  ports: z.number(),
  /** Where the read-only listener is, as `http://127.0.0.1:9401`; absent when it is off. */
  listen: z.string().exactOptional(),
});
export type Status = z.output<typeof status>;

/** A controller of a bridge; of an app in the daemon also what it has to do with the switch. */
export const controllerInfo = z.object({
  bridge: z.string(),
  network: z.string().exactOptional(),
  /** 16 hex digits. */
  dpid: z.string().exactOptional(),
  /** As in OVSDB. */
  target: z.string(),
  connected: z.boolean(),
  /** The app in the daemon, of `embedded:APP`. */
  app: z.string().exactOptional(),
  /** Why the daemon does not serve it. */
  error: z.string().exactOptional(),
  /** Of OpenFlow, such as `1.3`. */
  version: z.string().exactOptional(),
  packetIns: z.number().exactOptional(),
  sent: z.number().exactOptional(),
  /** How often a handler of the app has failed, for all its switches. */
  errors: z.number().exactOptional(),
});
export type ControllerInfo = z.output<typeof controllerInfo>;

/** One thing that `linecard doctor` looked at. */
export const finding = z.object({
  /** A stable name, such as `ovs.tso`. */
  check: z.string(),
  verdict: z.enum(['ok', 'warn', 'fail']),
  /** What was found. */
  what: z.string(),
  /** What to do about it. */
  remedy: z.string().exactOptional(),
});
export type Finding = z.output<typeof finding>;

/** The answers that are lists. */
export const networksAnswer = z.object({ networks: z.array(networkInfo) });
export const controllersAnswer = z.object({ controllers: z.array(controllerInfo) });
export const portsAnswer = z.object({ ports: z.array(portInfo) });
export const interfacesAnswer = z.object({ interfaces: z.array(containerInterface) });
export const detachAnswer = z.object({ detached: z.array(attachmentInfo) });
export const doctorAnswer = z.object({ findings: z.array(finding) });
