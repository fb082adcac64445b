import { DockerEngine, DockerWatch, type NetworkDriver } from '@linecard/docker';
import { LinkReaper, Netlink } from '@linecard/linux';
import { OpenvSwitch } from '@linecard/switch';
import { Attacher } from './attach.js';
import { DhcpClients } from './dhcp.js';
import { DockerDriver } from './docker-driver.js';
import { type EmbeddedApps, Fabric } from './fabric.js';
import { PortFinder } from './find-ports.js';
import { Firewall } from './firewall.js';
import { HostPorts } from './host-ports.js';
import { Identity } from './identity.js';
import { loadState } from './load.js';
import { LocalBackend } from './local-backend.js';
import { limitAtContainer } from './rate-limit.js';
import { Reconciler } from './reconciler.js';
import type { Port } from './records.js';
import { State } from './state.js';

/** How a host is reached and what is told of the work on it. */
export interface HostOptions {
  /** OVSDB endpoint, such as `unix:/run/openvswitch/db.sock`. */
  readonly ovsdb: string;
  /** Path of the Docker Engine's socket. */
  readonly dockerSocket: string;
  /** How long, in ms, what Docker does not know is kept. */
  readonly graceMs: number;
  readonly onError: (what: string, error: unknown) => void;
  readonly onReconciled: (result: { readonly ms: number; readonly repairs: number }) => void;
  readonly onDocker: (up: boolean) => void;
  /** Rules bridges whose controller is an app; absent where no daemon runs. */
  readonly apps?: EmbeddedApps;
  /** Told of each step of a change; for tests that kill the process there. */
  readonly checkpoint: (step: string) => void;
}

/** Names under which Docker reaches the driver: ours, and that of the driver whose compose files are to work. */
export const driverNames = ['ovs', 'dovesnap'] as const;

/** One host: Open vSwitch, the kernel and Docker, and everything that works on them. */
export interface Host {
  readonly state: State;
  readonly ovs: OpenvSwitch;
  readonly net: Netlink;
  readonly reaper: LinkReaper;
  readonly engine: DockerEngine;
  readonly watch: DockerWatch;
  readonly fabric: Fabric;
  readonly reconciler: Reconciler;
  readonly driver: NetworkDriver;
  readonly identity: Identity;
  readonly attacher: Attacher;
  readonly finder: PortFinder;
  /** Connects to Open vSwitch, reads the state, holds the host to it and follows Docker. */
  start(): void;
  /** For one change without a daemon: as {@link start}, but Docker is not followed, and nothing runs on for a container. */
  open(): void;
  /** For a look without a daemon: reads the state and changes nothing. Rejects with `LC_OVSDB_UNREACHABLE`. */
  read(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Wires a host together; nothing runs until it is started. */
export function createHost(options: HostOptions): Host {
  const state = new State();
  const ovs = new OpenvSwitch({ endpoint: options.ovsdb });
  const net = Netlink.open();
  let serving = false;
  const reaper = new LinkReaper();
  const firewall = new Firewall(state, net);
  const hostPorts = new HostPorts();
  const dhcp: DhcpClients = new DhcpClients(net, {
    onError: options.onError,
    onLease: (id, lease) => {
      state.changePort(id, ({ lease: _, ...rest }) => (lease === undefined ? rest : { ...rest, lease }));
      fabric.saveIds(id).catch((error: unknown) => options.onError('remember a DHCP lease', error));
    },
  });
  const onPortGone = (id: string) => {
    hostPorts.release(id);
    dhcp.stop(id);
  };
  const limitRate = (port: Port) => {
    if (!ovs.view.isUserspace(port.bridge)) return; // the kernel's datapath polices by itself
    limitAtContainer(net, port).catch((error: unknown) => options.onError('limit the rate of a container', error));
  };
  const revive = (port: Port) => {
    limitRate(port);
    const holding = hostPorts.hold(
      port,
      port.portMap.map((mapping) => ({ ...mapping, hostPortEnd: mapping.hostPort })),
    );
    holding.catch((error: unknown) => options.onError('hold published ports', error));
    if (state.networks.get(port.networkId ?? '')?.plan.dhcp && port.sandbox !== undefined) dhcp.start(port);
  };
  const { apps } = options;
  const { checkpoint } = options;
  const isServing = () => serving;
  const fabric = new Fabric({ ovs, net, reaper, firewall, state, apps, isServing, onPortGone, checkpoint });
  const reconciler = new Reconciler(fabric, {
    onError: options.onError,
    onRun: options.onReconciled,
    onCarrier: (id) => {
      dhcp.linkUp(id);
      const port = state.ports.get(id);
      if (port !== undefined) limitRate(port);
    },
    onLoaded: () => {
      if (!serving) return;
      for (const port of state.ports.values()) revive(port);
    },
  });
  const driver = new DockerDriver(new LocalBackend({ fabric, reconciler, dhcp }), hostPorts);
  const engine = new DockerEngine({ socketPath: options.dockerSocket });
  const watch = new DockerWatch(engine);
  watch.on('up', () => options.onDocker(true)).on('down', () => options.onDocker(false));
  const attacher = new Attacher({ engine, net, fabric, reconciler });
  const { graceMs, onError } = options;
  const identity = new Identity({
    engine,
    watch,
    net,
    fabric,
    reconciler,
    driver,
    attacher,
    driverNames,
    graceMs,
    onError,
    firewall,
    revive,
  });
  return {
    state,
    ovs,
    net,
    reaper,
    engine,
    watch,
    fabric,
    reconciler,
    driver,
    identity,
    attacher,
    finder: new PortFinder({ engine, net, ovs }),
    start: () => {
      serving = true;
      reconciler.start();
      ovs.start();
      identity.start();
    },
    open: () => {
      reconciler.start();
      ovs.start();
    },
    read: async (timeoutMs) => {
      ovs.start();
      await ovs.whenReady(timeoutMs);
      loadState(ovs.view, state, performance.now(), (error) => options.onError('read the state from OVSDB', error));
    },
    close: async () => {
      identity.close();
      await reconciler.close();
      dhcp.close();
      hostPorts.close();
      await ovs.close();
      await fabric.close();
      await reaper.close();
      net.close();
      engine.close();
    },
  };
}
