import type {
  AddressSpacesReply,
  IpamCapabilities,
  ReleaseAddressRequest,
  ReleasePoolRequest,
  RequestAddressReply,
  RequestAddressRequest,
  RequestPoolReply,
  RequestPoolRequest,
} from './ipam-messages.js';
import type {
  AllocateNetworkReply,
  AllocateNetworkRequest,
  ConnectivityRequest,
  CreateEndpointReply,
  CreateEndpointRequest,
  CreateNetworkRequest,
  DiscoverRequest,
  EndpointInfoReply,
  EndpointRequest,
  JoinReply,
  JoinRequest,
  NetworkCapabilities,
  NetworkRequest,
} from './network-messages.js';

/**
 * A network driver as Docker calls it (libnetwork's docs/remote.md). Every call must be idempotent: Docker repeats
 * calls whose answer was lost, and a call that was cut at its deadline still runs to its end. Docker ignores errors of
 * `leave`, `deleteEndpoint` and `deleteNetwork`.
 */
export interface NetworkDriver {
  getCapabilities(): Promise<NetworkCapabilities>;
  allocateNetwork(request: AllocateNetworkRequest): Promise<AllocateNetworkReply>;
  freeNetwork(request: NetworkRequest): Promise<void>;
  createNetwork(request: CreateNetworkRequest): Promise<void>;
  deleteNetwork(request: NetworkRequest): Promise<void>;
  createEndpoint(request: CreateEndpointRequest): Promise<CreateEndpointReply>;
  endpointOperInfo(request: EndpointRequest): Promise<EndpointInfoReply>;
  deleteEndpoint(request: EndpointRequest): Promise<void>;
  join(request: JoinRequest): Promise<JoinReply>;
  leave(request: EndpointRequest): Promise<void>;
  programExternalConnectivity(request: ConnectivityRequest): Promise<void>;
  revokeExternalConnectivity(request: EndpointRequest): Promise<void>;
  discoverNew(request: DiscoverRequest): Promise<void>;
  discoverDelete(request: DiscoverRequest): Promise<void>;
}

/** The part of a network driver in which one for a swarm (scope `global`) differs from one for this host. */
export type SwarmDriver = Pick<NetworkDriver, 'getCapabilities' | 'allocateNetwork' | 'freeNetwork'>;

/** An address manager as Docker calls it (libnetwork's docs/ipam.md). Every call must be idempotent. */
export interface IpamDriver {
  getCapabilities(): Promise<IpamCapabilities>;
  getDefaultAddressSpaces(): Promise<AddressSpacesReply>;
  requestPool(request: RequestPoolRequest): Promise<RequestPoolReply>;
  releasePool(request: ReleasePoolRequest): Promise<void>;
  requestAddress(request: RequestAddressRequest): Promise<RequestAddressReply>;
  releaseAddress(request: ReleaseAddressRequest): Promise<void>;
}
