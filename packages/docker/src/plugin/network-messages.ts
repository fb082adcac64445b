import { z } from 'zod';
import { endpointOptions, networkOptions } from './options.js';
import { endpointId, list, networkId, optionalCidr, optionalMac, text, textMap } from './values.js';

/**
 * The requests and replies of a remote network driver: libnetwork's docs/remote.md. Field names are the protocol's;
 * options are lifted into names of our own. Unknown fields are ignored.
 */
const ipamData = z.object({
  AddressSpace: text.nullish(),
  /** The subnet, such as `172.18.0.0/16`; `0.0.0.0/0` without address management (`--ipam-driver null`). */
  Pool: optionalCidr,
  /** The gateway's address with the prefix length of the subnet. */
  Gateway: optionalCidr,
  /** Addresses that belong to others (`--aux-address name=address`), with prefix lengths. */
  AuxAddresses: textMap,
});

const ipamList = list(ipamData, 64);

const endpoint = { NetworkID: networkId, EndpointID: endpointId };

/** CreateNetwork: `docker network create`, or the first container of a swarm network on this node. */
export const createNetworkRequest = z.object({
  NetworkID: networkId,
  Options: networkOptions,
  IPv4Data: ipamList,
  IPv6Data: ipamList,
});

/** AllocateNetwork: a swarm manager reserves what a network needs. `Options` is the plain `-o` map. */
export const allocateNetworkRequest = z.object({
  NetworkID: networkId,
  Options: textMap,
  IPv4Data: ipamList,
  IPv6Data: ipamList,
});

/** DeleteNetwork and FreeNetwork. */
export const networkRequest = z.object({ NetworkID: networkId });

/** CreateEndpoint: addresses are what Docker's address management chose; absent ones are the driver's to choose. */
export const createEndpointRequest = z.object({
  ...endpoint,
  Interface: z
    .object({ Address: optionalCidr, AddressIPv6: optionalCidr, MacAddress: optionalMac })
    .nullish()
    .transform((value) => value ?? { Address: undefined, AddressIPv6: undefined, MacAddress: undefined }),
  Options: endpointOptions,
});

/** EndpointOperInfo, DeleteEndpoint, Leave and RevokeExternalConnectivity. */
export const endpointRequest = z.object(endpoint);

/** Join: the endpoint's interface is wanted for the sandbox (network namespace) at `SandboxKey`. */
export const joinRequest = z.object({ ...endpoint, SandboxKey: text, Options: endpointOptions });

/** ProgramExternalConnectivity: publish ports. Only sent when Join returned a gateway. */
export const connectivityRequest = z.object({ ...endpoint, Options: endpointOptions });

/** DiscoverNew and DiscoverDelete: a node came or went. Type 1 is a node. */
export const discoverRequest = z.object({
  DiscoveryType: z.number(),
  DiscoveryData: z
    .looseObject({ Address: text.nullish(), BindAddress: text.nullish(), Self: z.boolean().nullish() })
    .nullish(),
});

/** One subnet of a network as Docker's address management made it. */
export type IpamData = z.output<typeof ipamData>;
export type CreateNetworkRequest = z.output<typeof createNetworkRequest>;
export type AllocateNetworkRequest = z.output<typeof allocateNetworkRequest>;
export type NetworkRequest = z.output<typeof networkRequest>;
export type CreateEndpointRequest = z.output<typeof createEndpointRequest>;
export type EndpointRequest = z.output<typeof endpointRequest>;
export type JoinRequest = z.output<typeof joinRequest>;
export type ConnectivityRequest = z.output<typeof connectivityRequest>;
export type DiscoverRequest = z.output<typeof discoverRequest>;

/** Where networks of the driver exist, and how far they reach. */
export interface NetworkCapabilities {
  /** `global` is for swarm's managed plugins only. */
  readonly Scope: 'local' | 'global';
  /** How far an endpoint's traffic reaches; `Scope` when absent. */
  readonly ConnectivityScope?: 'local' | 'global';
}

/** The options returned **replace** the `-o` map that CreateNetwork gets on every node. */
export interface AllocateNetworkReply {
  readonly Options: Readonly<Record<string, string>>;
}

/** Values that the driver chose. Returning one that Docker had given fails the container's start. */
export interface CreateEndpointReply {
  readonly Interface?: {
    /** With prefix length. */
    readonly Address?: string;
    /** With prefix length. */
    readonly AddressIPv6?: string;
    readonly MacAddress?: string;
  };
}

/** Free-form facts about an endpoint. */
export interface EndpointInfoReply {
  readonly Value: Readonly<Record<string, unknown>>;
}

/** A route for the sandbox. */
export interface StaticRoute {
  /** The destination network with prefix length. */
  readonly Destination: string;
  /** 0: through `NextHop`; 1: directly on the interface. */
  readonly RouteType: 0 | 1;
  readonly NextHop?: string;
}

/** What Docker moves into the sandbox, and the routes there. */
export interface JoinReply {
  readonly InterfaceName: {
    /** The interface's name on the host, at most 15 characters. */
    readonly SrcName: string;
    /** Docker appends a number: `eth` becomes `eth0`. */
    readonly DstPrefix: string;
  };
  /** Without a gateway Docker adds its own bridge `docker_gwbridge`, unless `DisableGatewayService`. */
  readonly Gateway?: string;
  readonly GatewayIPv6?: string;
  readonly StaticRoutes?: readonly StaticRoute[];
  readonly DisableGatewayService?: boolean;
}
