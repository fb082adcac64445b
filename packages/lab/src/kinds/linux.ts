import type { ContainerKind } from './kind.js';

/** A container of any sort. */
export const linuxKind: ContainerKind = {
  name: 'linux',
  parts: () => ({ binds: [], sysctls: { 'net.ipv6.conf.all.disable_ipv6': '0' } }),
  files: () => [],
  netns: async (_node, pid) => ({ pid }),
  running: undefined,
};
