export type { Address, Route, RouteChange } from './address.js';
export type { Features } from './ethtool.js';
export type { Link, LinkChange, LinkFlags, LinkSelector, VethOptions } from './link.js';
export { checkInterfaceName, INTERFACE_NAME_MAX } from './names.js';
export { isErrno, KernelError } from './netlink/kernel-error.js';
export { Netlink, type NetlinkOptions, type Where } from './netlink.js';
export { type NetnsRef, netnsPath } from './netns.js';
export { CommandError, isMissingProgram, type RunOptions, type RunResult, run } from './run.js';
export type { WatchEvent } from './watch.js';
