import type { KindName } from '../model/types.js';
import { frrKind } from './frr.js';
import type { ContainerKind } from './kind.js';
import { linuxKind } from './linux.js';
import { openswitchKind } from './openswitch.js';

/** A container that is there without the lab: only its links and commands are the lab's. */
const externalKind: ContainerKind = { ...linuxKind, name: 'ext-container', isExternal: true };

const containerKinds: readonly ContainerKind[] = [linuxKind, frrKind, openswitchKind, externalKind];

/** The kind of a node that is a container; undefined for bridges and the host. */
export function containerKind(name: KindName): ContainerKind | undefined {
  return containerKinds.find((kind) => kind.name === name);
}
