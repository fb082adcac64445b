import { dirname } from 'node:path';

/** Where ovs-vswitchd has its sockets, as this machine names it: beside that of its database. */
export function runDirectoryOf(ovsdb: string): string {
  const path = /^unix:([^,]+)/.exec(ovsdb)?.[1];
  return path === undefined ? '/run/openvswitch' : dirname(path);
}
