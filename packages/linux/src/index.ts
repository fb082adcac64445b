export type { Address, Route, RouteChange } from './address.js';
export type { Features } from './ethtool.js';
export { addressesInNetns, configureInNetns, inNetns, type NetnsConfig } from './in-netns.js';
export {
  ensureForwardChain,
  type ForwardChain,
  forwardChainRules,
  type IptablesRule,
  removeForwardChain,
} from './iptables.js';
export type { Link, LinkChange, LinkFlags, LinkSelector, VethOptions } from './link.js';
export { checkInterfaceName, INTERFACE_NAME_MAX } from './names.js';
export { isErrno, KernelError } from './netlink/kernel-error.js';
export { Netlink, type NetlinkOptions, type Where } from './netlink.js';
export { type NetnsRef, netnsPath } from './netns.js';
export { applyNft, deleteNftTable, listNft, type NftFamily, type NftObject, type NftTable } from './nft.js';
export { LinkReaper } from './reaper.js';
export { CommandError, isMissingProgram, type RunOptions, type RunResult, run, runAttached } from './run.js';
export { readSysctl, type SysctlKey, sysctlPath, writeSysctl } from './sysctl.js';
export { tapHasOffloads } from './tap.js';
export type { WatchEvent } from './watch.js';
