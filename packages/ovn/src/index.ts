export { type AclDifference, type AclGroup, AclTables } from './acl/apply.js';
export { type AclPolicy, aclPolicy, readGroups } from './acl/policy.js';
export { type AclRow, isNetworkGroup } from './acl/rows.js';
export { addressNumber, addressText, type Pool, poolSpan } from './address-range.js';
export { Addresses, type AddressOptions, type SharedUse } from './addresses.js';
export { addressesOf } from './binding.js';
export { type AddressUse, type Claim, type ClaimKind, claimIdentity, readClaim } from './claims.js';
export {
  editEndpoint,
  editEndpointGone,
  endpointsOf,
  type LogicalEndpoint,
  type PortOwner,
} from './endpoints.js';
export type { LogicalNetwork, LogicalSubnet } from './logical-network.js';
export { macOf } from './mac.js';
export {
  editMachine,
  editMachineBack,
  editMachineGone,
  editMachineHost,
  isMachineRemoved,
  type Machine,
  type MachineRequest,
  machinesOf,
} from './machines.js';
export {
  editNetwork,
  editNetworkGone,
  networksIn,
  networksOf,
  subnetsIn,
  swarmUser,
} from './networks.js';
export * from './northbound.js';
export type { EndpointQos } from './qos.js';
export { hostPortName, type RouterSpec, transit } from './routers.js';
export { type NorthboundTables, northbound } from './schema/northbound.js';
export { type SouthboundTables, southbound } from './schema/southbound.js';
export {
  editAnswers,
  editMember,
  editService,
  editServiceGone,
  servicesIn,
  type VirtualService,
} from './services.js';
export {
  type CollectedHost,
  collectHost,
  collectSilent,
  hostsIn,
  silentHosts,
  takeTurn,
} from './survivors.js';
