/** What every file that `linecard install` writes begins with; what does not have it is somebody else's. */
export const marker = '# Made by `linecard install`; `linecard uninstall` removes it.';

/** Where the command and its Node are. */
export interface Program {
  readonly node: string;
  readonly main: string;
}

/** One argument of ExecStart (systemd.service(5), "Command lines"). */
function systemdQuote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}

/**
 * The sockets on which Docker looks for its drivers. systemd makes them before Docker starts and keeps them while the
 * daemon is restarted, so that no request meets a closed door. They go with their unit: Docker would knock for 15 s
 * at one that is left.
 */
export function socketUnit(): string {
  return `${marker}
[Unit]
Description=Sockets on which Docker finds Linecard
Before=docker.service docker.socket

[Socket]
ListenStream=/run/docker/plugins/ovs.sock
ListenStream=/run/docker/plugins/dovesnap.sock
SocketMode=0600
DirectoryMode=0755
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}

/**
 * What the daemon may do. It makes links, enters the network namespaces of containers, changes the packet filter and
 * kernel parameters, runs ip, nft, iptables and udhcpc, and holds published ports. Nothing here makes a mount
 * namespace: the namespaces that Docker mounts must be seen as Docker mounts and unmounts them.
 */
export const capabilities = [
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_ADMIN',
  'CAP_SYS_PTRACE',
  'CAP_DAC_OVERRIDE',
  'CAP_KILL',
] as const;

/**
 * A small nursery, and an old generation that is tidied once it has grown by 1.4 (V8's factor for heaps of this bound)
 * and not first at four times its size: what a burst of requests leaves behind is thrown away early. With 1000
 * endpoints that is some 110 MB of resident memory in every run, instead of anything from 115 to 150.
 */
const nodeOptions = '--max-semi-space-size=2 --max-old-space-size=512 --initial-old-space-size=24';

/** Each thread of V8's would get a heap of glibc's of its own (mallopt(3)): ten MB that hold next to nothing. */
const fewArenas = 'MALLOC_ARENA_MAX=2';

/** The daemon. It neither gives up nor needs Docker, and on its end only itself is told: DHCP clients keep their leases. */
export function serviceUnit({ node, main }: Program): string {
  return `${marker}
[Unit]
Description=Linecard: plugs containers into Open vSwitch
Requires=linecard.socket
Wants=openvswitch-switch.service
After=linecard.socket openvswitch-switch.service
Before=docker.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${systemdQuote(node)} ${nodeOptions} ${systemdQuote(main)} up
Environment=LINECARD_LOG=json ${fewArenas}
SyslogIdentifier=linecard
EnvironmentFile=-/etc/default/linecard
Restart=always
RestartSec=200ms
TimeoutStopSec=30s
KillMode=mixed
OOMScoreAdjust=-500
CapabilityBoundingSet=${capabilities.join(' ')}
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

/** One word of a shell. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The command on the PATH: it names its Node, so that it is the one that Linecard was installed with. */
export function launcher({ node, main }: Program): string {
  return `#!/bin/sh\n${marker}\nexec ${shellQuote(node)} ${nodeOptions} ${shellQuote(main)} "$@"\n`;
}
