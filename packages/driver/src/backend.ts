import type { CreateEndpointRequest, CreateNetworkRequest, NetworkCapabilities } from '@linecard/docker';
import type { NetworkRequest } from './network-plan.js';
import type { LoopHooks, ReconcileLoop } from './reconcile-loop.js';
import type { PortMapping } from './records.js';

/** What every backend knows of an endpoint. */
export interface BackendPort {
  readonly id: string;
  readonly mac: string;
  /** Addresses with prefix length. */
  readonly addresses: readonly string[];
  readonly portMap: readonly PortMapping[];
}

/** What is wanted: networks and endpoints by Docker's IDs. */
export interface BackendState<N, P> {
  readonly networks: ReadonlyMap<string, N>;
  readonly ports: ReadonlyMap<string, P>;
  /** Adds an endpoint. */
  setPort(port: P): void;
  /** Changes what is known of an endpoint by now, which may be more than before a wait; false when it is gone. */
  changePort(id: string, change: (now: P) => P): boolean;
}

/** What a container gets when it joins. */
export interface Joined {
  /** The interface that Docker is to move into the container. */
  readonly peer: string;
  readonly gateways: { readonly v4?: string; readonly v6?: string };
}

/**
 * A kind of network behind Docker's driver. `make` and `remove` keep the state in step, and are safe to repeat; what
 * they leave undone the reconciler does.
 */
export interface Backend<N, P extends BackendPort> {
  readonly capabilities: NetworkCapabilities;
  readonly state: BackendState<N, P>;
  readonly reconciler: Pick<ReconcileLoop<LoopHooks>, 'guarded' | 'schedule'>;
  /** Told of each step on the way; tests kill the process there. */
  readonly checkpoint: (step: string) => void;
  /** Resolves when everything is there that making things needs; rejects after a bounded time. */
  ready(): Promise<void>;
  /** Resolves when the state is known and things can be removed; rejects after a bounded time. */
  loaded(): Promise<void>;
  /** Throws `LC_INVALID`. */
  planNetwork(request: CreateNetworkRequest, subnets: NetworkRequest['subnets']): N;
  makeNetwork(network: N): Promise<void>;
  /** Removes a network with the endpoints that are left on it. */
  removeNetwork(network: N): Promise<void>;
  /** Throws `LC_INVALID`, or `LC_CONFLICT` when something that was asked for is taken. */
  planPort(request: CreateEndpointRequest, network: N, addresses: readonly string[]): P;
  makePort(port: P, network: N): Promise<void>;
  removePort(port: P): Promise<void>;
  /** Resolves when the port works. */
  join(port: P, network: N, sandbox: string): Promise<Joined>;
  leave(endpointId: string): Promise<void>;
  /** Rejects with `LC_INVALID` when ports of the network's containers cannot be published on this host. */
  refusePublishing(network: N): Promise<void>;
  /** Makes the firewall what the state wants. */
  syncFirewall(): Promise<void>;
  /** Writes what the state knows of a port. */
  savePort(id: string): Promise<void>;
  /** Free-form facts about an endpoint. */
  describe(port: P, network: N): Readonly<Record<string, string>>;
}
