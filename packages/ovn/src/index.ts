export { addressNumber, addressText, type Pool, poolSpan } from './address-range.js';
export { Addresses, type AddressOptions } from './addresses.js';
export { type Claim, type ClaimKind, claimIdentity, readClaim } from './claims.js';
export * from './northbound.js';
export { type NorthboundTables, northbound } from './schema/northbound.js';
export { type SouthboundTables, southbound } from './schema/southbound.js';
