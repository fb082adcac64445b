export * from './arp.js';
export { checksum, pseudoHeaderSum } from './checksum.js';
export * from './dhcp.js';
export * from './ethernet.js';
export * from './icmp.js';
export * from './ip.js';
export * from './lldp.js';
export * from './packet.js';
export * from './transport.js';
