import type { IpamDriver, NetworkDriver, SwarmDriver } from '@linecard/docker';
import { DockerDriver } from '../docker-driver.js';
import type { Host } from '../host.js';
import { HostPorts } from '../host-ports.js';
import { CentralLink } from './central.js';
import { Collector } from './collector.js';
import { ConntrackGuard } from './conntrack.js';
import { OverlayFabric } from './fabric.js';
import { OverlayIdentity } from './identity.js';
import { Machines } from './machines.js';
import { OverlayBackend } from './overlay-backend.js';
import { OverlayIpam } from './overlay-ipam.js';
import { OverlayReconciler } from './reconciler.js';
import { Services } from './services.js';
import { OverlayState } from './state.js';
import { SwarmNetworks } from './swarm.js';
import { TunnelNeighbours } from './tunnel-neighbours.js';
import { UnusedAddresses } from './unused-addresses.js';

/** What is told of the work on networks over many hosts. */
export interface OverlayOptions {
  /** Set for a swarm: the name under which its plugin is known to Docker. */
  readonly swarmName?: string | undefined;
  /** How long, in ms, what Docker does not know is kept. */
  readonly graceMs: number;
  /** How long, in ms, another host may be silent before what it has left is collected. */
  readonly hostGraceMs: number;
  readonly onError: (what: string, error: unknown) => void;
  readonly onWarning: (text: string) => void;
  /** Told of each step of a change; for tests that kill the process there. */
  readonly checkpoint: (step: string) => void;
}

/** The name under which Docker reaches the driver of networks over many hosts: that of Open vSwitch's own. */
export const overlayDriverName = 'openvswitch';

/** Networks over many hosts on one host. */
export interface Overlay {
  /** What is wanted on this host: networks and endpoints by Docker's IDs. */
  readonly state: Pick<OverlayState, 'networks' | 'ports'>;
  readonly driver: NetworkDriver;
  readonly ipam: IpamDriver;
  /** What the managers of a swarm ask. */
  readonly swarm: SwarmDriver | undefined;
  readonly central: CentralLink;
  /** Holds the host to what it remembers and follows Docker; the host must be started too. */
  start(): void;
  close(): Promise<void>;
}

/** Wires networks over many hosts together, over the same Open vSwitch, kernel and Docker as a host. */
export function createOverlay(
  host: Pick<Host, 'ovs' | 'net' | 'reaper' | 'engine' | 'watch'>,
  options: OverlayOptions,
): Overlay {
  const { ovs, net, reaper, engine, watch } = host;
  const { onError, onWarning, checkpoint, graceMs, swarmName } = options;
  const state = new OverlayState();
  const hostPorts = new HostPorts();
  const central: CentralLink = new CentralLink(ovs, {
    onReady: () => {
      reconciler.schedule();
      machines.schedule();
      services?.look();
    },
    onFound: (id) => reconciler.noticed(id),
    onChange: (changes) => machines.noticed(changes),
    isWanted: (id) => state.ports.has(id) || state.networks.has(id),
    onLost: (error) => onError("connect to OVN's northbound database", error),
  });
  const fabric = new OverlayFabric({ ovs, net, reaper, central, state, onWarning, checkpoint });
  const reconciler: OverlayReconciler = new OverlayReconciler(fabric, {
    onError,
    onPortGone: (id) => hostPorts.release(id),
    onLoaded: () => {
      for (const port of state.ports.values()) {
        const wanted = port.portMap.map((mapping) => ({ ...mapping, hostPortEnd: mapping.hostPort }));
        hostPorts.hold(port, wanted).catch((error: unknown) => onError('hold published ports', error));
      }
    },
  });
  const machines: Machines = new Machines({ ovs, net, central }, { onError, onLoaded: () => undefined });
  const conntrack = new ConntrackGuard(ovs, onError);
  const neighbours = new TunnelNeighbours(ovs, central, onError);
  const collector = new Collector(central, options.hostGraceMs, onError, onWarning);
  const ipam = new OverlayIpam(central, checkpoint);
  const driver = new DockerDriver(new OverlayBackend({ fabric, reconciler, ipam }), hostPorts);
  const driverName = swarmName ?? overlayDriverName;
  const identity = new OverlayIdentity({
    ...{ engine, watch, net, fabric, reconciler, driver, ipam, driverName, graceMs, onError },
    onIdentified: () => services?.look(),
  });
  const ready = (timeoutMs: number) => reconciler.ready(timeoutMs);
  const unused = new UnusedAddresses({
    ...{ central, state, engine, watch, ready, driverName, onError, onWarning },
    ageMs: Math.max(1000, 3 * graceMs),
  });
  const swarm = swarmName === undefined ? undefined : new SwarmNetworks(central);
  const services: Services | undefined =
    swarm && swarmName !== undefined
      ? new Services({ engine, watch, state, networks: swarm, driverName: swarmName, ready, onError })
      : undefined;
  return {
    state,
    driver,
    ipam,
    swarm,
    central,
    start: () => {
      reconciler.start();
      machines.start();
      identity.start();
      conntrack.start();
      neighbours.start();
      collector.start();
      services?.start();
      unused.start();
    },
    close: async () => {
      services?.close();
      collector.close();
      conntrack.close();
      neighbours.close();
      unused.close();
      identity.close();
      await Promise.all([reconciler.close(), machines.close()]);
      await fabric.links.close();
      hostPorts.close();
      await central.close();
    },
  };
}
