import type { StageName } from '../file/schema.js';
import type { Place } from '../file/source.js';
import type { PortBinding } from './ports.js';

/** The kinds of nodes that can be deployed. */
export const kindNames = ['linux', 'frr', 'openswitch', 'bridge', 'ovs-bridge', 'host', 'ext-container'] as const;
export type KindName = (typeof kindNames)[number];

/** The management network of a lab. */
export interface Management {
  readonly network: string;
  readonly bridge: string | undefined;
  readonly ipv4Subnet: string | undefined;
  readonly ipv4Gateway: string | undefined;
  readonly ipv4Range: string | undefined;
  /** Absent: the network has no IPv6. `auto`: Docker chooses it. */
  readonly ipv6Subnet: string | undefined;
  readonly ipv6Gateway: string | undefined;
  readonly ipv6Range: string | undefined;
  readonly mtu: number | undefined;
  /** Whether others than the host reach nodes through it. */
  readonly externalAccess: boolean;
  readonly options: Readonly<Record<string, string>>;
}

/** A folder or file of the host inside a container. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  /** As `ro`; empty for none. */
  readonly mode: string;
}

/** A stage of another node that must be reached first. */
export interface Wait {
  readonly node: string;
  readonly stage: StageName;
}

/** What is done around a stage. */
export interface Stage {
  readonly waitFor: readonly Wait[];
  readonly exec: readonly { readonly command: readonly string[]; readonly onExit: boolean; readonly onHost: boolean }[];
}

/** Every daemon that FRRouting's start script knows; those that run are switched on. */
export const frrDaemons: readonly string[] = [
  'bgpd',
  'ospfd',
  'ospf6d',
  'ripd',
  'ripngd',
  'isisd',
  'pimd',
  'pim6d',
  'ldpd',
  'nhrpd',
  'eigrpd',
  'babeld',
  'sharpd',
  'pbrd',
  'bfdd',
  'fabricd',
  'vrrpd',
  'pathd',
];

/** FRRouting: which daemons run, and their common configuration. */
export interface FrrSettings {
  readonly daemons: readonly string[];
  readonly config: string | undefined;
}

/** A network operating system whose front-panel ports live in a namespace of their own. */
export interface OpenswitchSettings {
  /** The namespace inside the container, as below /run/netns. */
  readonly netns: string;
  /** The program that takes configuration with `-c LINE`. */
  readonly cli: readonly string[];
}

/** An Open vSwitch bridge. */
export interface OvsSettings {
  /** Absent: what the kernel can, the kernel's datapath where it has one. */
  readonly datapath: 'netdev' | 'system' | undefined;
  readonly dpid: bigint | undefined;
  /** Targets of ovs-vsctl(8), or `embedded:APP`. */
  readonly controllers: readonly string[];
  readonly protocols: readonly string[] | undefined;
  readonly failMode: 'secure' | 'standalone' | undefined;
}

/** A configuration: a file, or text of the topology file itself. */
export type StartupConfig = { readonly file: string } | { readonly text: string };

export interface Healthcheck {
  readonly test: readonly string[];
  readonly intervalS: number;
  readonly timeoutS: number;
  readonly retries: number;
  readonly startPeriodS: number;
}

/** One node with everything that it inherits. */
export interface LabNode {
  readonly name: string;
  /** The name of its container. */
  readonly longName: string;
  readonly kind: KindName;
  readonly group: string;
  readonly image: string | undefined;
  readonly pull: 'missing' | 'never' | 'always';
  readonly cmd: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly binds: readonly Bind[];
  readonly devices: readonly string[];
  readonly exec: readonly (readonly string[])[];
  readonly ports: readonly PortBinding[];
  readonly mgmtIpv4: string | undefined;
  readonly mgmtIpv6: string | undefined;
  readonly networkMode: string | undefined;
  readonly aliases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly capAdd: readonly string[];
  readonly privileged: boolean;
  /** Bytes. */
  readonly shmSize: number | undefined;
  readonly cpu: number | undefined;
  readonly cpuSet: string | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  readonly startupConfig: StartupConfig | undefined;
  readonly startupDelayS: number;
  readonly autoRemove: boolean;
  readonly restartPolicy: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  readonly stages: Readonly<Record<StageName, Stage>>;
  readonly healthcheck: Healthcheck | undefined;
  /** The node's own folder below that of the lab. */
  readonly folder: string;
  readonly frr: FrrSettings;
  readonly openswitch: OpenswitchSettings;
  readonly ovs: OvsSettings;
  readonly place: Place;
}

/** One end of a link. `node` is a node's name, or `host` or `mgmt-net`. */
export interface Endpoint {
  readonly node: string;
  /** The name of the interface as the kernel knows it. */
  readonly name: string;
  /** Its name in the file, as `2` for the second port of a front panel. */
  readonly written: string;
  readonly mac: string | undefined;
  /** Addresses with prefix length that the interface gets. */
  readonly addresses: readonly string[];
  /** The OpenFlow port that is asked for on an ovs-bridge. */
  readonly ofport: number | undefined;
}

/** A cable between two nodes, or between a node and the host. */
export interface Cable {
  readonly type: 'cable';
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly mtu: number;
}

/** An interface of a node that leads out of the lab. */
export interface Stub {
  readonly type: 'macvlan' | 'vxlan' | 'vxlan-stitch' | 'dummy';
  readonly a: Endpoint;
  readonly mtu: number | undefined;
  /** macvlan: the host's interface. */
  readonly parent: string | undefined;
  readonly mode: string;
  readonly vxlan: Tunnel | undefined;
}

/** A VXLAN tunnel of the host (RFC 7348). */
export interface Tunnel {
  readonly remote: string;
  readonly vni: number;
  /** The UDP port of the other side. */
  readonly port: number;
  /** The UDP port of this side; the kernel chooses one by the packet when absent. */
  readonly sourcePort: number | undefined;
}

export type LabLink = Cable | Stub;

/** What a lab must do to be in order, beyond what follows from its links. */
export interface Check {
  readonly pings: readonly { readonly from: string; readonly to: string }[];
  readonly commands: readonly {
    readonly node: string;
    readonly run: readonly string[];
    readonly expect: string | undefined;
  }[];
  /** Addresses that interfaces must have. */
  readonly addresses: readonly { readonly node: string; readonly interface: string; readonly address: string }[];
  readonly timeoutMs: number;
}

/** A topology, resolved: nothing is left to inherit, to look up or to guess. */
export interface Lab {
  readonly name: string;
  /** The topology file, absolute. */
  readonly file: string;
  /** Where generated and saved files go. */
  readonly folder: string;
  readonly mgmt: Management;
  readonly nodes: readonly LabNode[];
  readonly links: readonly LabLink[];
  readonly check: Check;
  /** What was in the file and has no effect. */
  readonly warnings: readonly string[];
}
