import { z } from 'zod';
import { optionalCidr, optionalIp, optionalMac, text, textMap } from './values.js';

/** The requests and replies of a remote IPAM driver: libnetwork's docs/ipam.md. Unknown fields are ignored. */
const poolId = z.string().min(1).max(4096);

/** RequestPool: a subnet for a network (`--subnet`, `--ip-range`, `--ipam-opt`). */
export const requestPoolRequest = z.object({
  AddressSpace: text.nullish(),
  /** `--subnet`; absent lets the driver choose. */
  Pool: optionalCidr,
  /** `--ip-range`. */
  SubPool: optionalCidr,
  /** `--ipam-opt key=value`. */
  Options: textMap,
  V6: z.boolean().nullish().transform(Boolean),
});

/** ReleasePool. */
export const releasePoolRequest = z.object({ PoolID: poolId });

/** What an address is wanted for. */
export interface AddressOptions {
  /** The gateway of the network, not an endpoint. */
  readonly gateway: boolean;
  /** The endpoint's MAC address, when the driver requires it. */
  readonly mac?: string;
  /** The container's name on this network, from engines that tell it. */
  readonly endpointName?: string;
  /** All options as sent. */
  readonly all: Readonly<Record<string, string>>;
}

const addressOptions = textMap.transform((all, context): AddressOptions => {
  const mac = optionalMac.safeParse(all['com.docker.network.endpoint.macaddress']);
  if (!mac.success) {
    const path = ['com.docker.network.endpoint.macaddress'];
    context.addIssue({ code: 'custom', path, message: 'must be a MAC address' });
  }
  const endpointName = all['com.docker.network.endpoint.name'];
  return {
    gateway: all.RequestAddressType === 'com.docker.network.gateway',
    all,
    ...(mac.data && { mac: mac.data }),
    ...(endpointName && { endpointName }),
  };
});

/** RequestAddress: `Address` is what the user asked for; absent lets the driver choose. */
export const requestAddressRequest = z.object({ PoolID: poolId, Address: optionalIp, Options: addressOptions });

/** ReleaseAddress. */
export const releaseAddressRequest = z.object({ PoolID: poolId, Address: optionalIp });

export type RequestPoolRequest = z.output<typeof requestPoolRequest>;
export type ReleasePoolRequest = z.output<typeof releasePoolRequest>;
export type RequestAddressRequest = z.output<typeof requestAddressRequest>;
export type ReleaseAddressRequest = z.output<typeof releaseAddressRequest>;

/** What the IPAM driver wants of Docker. */
export interface IpamCapabilities {
  /** The endpoint's MAC address comes with RequestAddress. */
  readonly RequiresMACAddress: boolean;
  /** Pools, gateways and live addresses are asked for again when dockerd starts. */
  readonly RequiresRequestReplay: boolean;
}

/** The names of the two address spaces. */
export interface AddressSpacesReply {
  readonly LocalDefaultAddressSpace: string;
  readonly GlobalDefaultAddressSpace: string;
}

/** A pool and the ID that names it from now on. */
export interface RequestPoolReply {
  readonly PoolID: string;
  /** The subnet with prefix length. */
  readonly Pool: string;
  readonly Data?: Readonly<Record<string, string>>;
}

/** An address with the prefix length of its pool. */
export interface RequestAddressReply {
  readonly Address: string;
  readonly Data?: Readonly<Record<string, string>>;
}
