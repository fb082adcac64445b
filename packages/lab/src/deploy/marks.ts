import { createHash } from 'node:crypto';
import { formatMac } from '@linecard/wire';
import type { Endpoint, Lab, LabNode } from '../model/types.js';

/**
 * How what belongs to a lab is marked where it stands, so that it is found without any file: containers and networks by
 * labels, Open vSwitch rows by external_ids, interfaces of the host by their group.
 */
export const labels = {
  lab: 'linecard.lab',
  node: 'linecard.lab.node',
  kind: 'linecard.lab.kind',
  file: 'linecard.lab.file',
  folder: 'linecard.lab.folder',
  /** What the container was made from: a changed file is seen by it. */
  hash: 'linecard.lab.hash',
  netns: 'linecard.lab.netns',
  /** On a network: made for the management of labs. */
  management: 'linecard.lab.management',
} as const;

/** The alias of the loopback interface of a container that has had its configuration: both end when it stops. */
export const configuredMark = 'linecard-lab configured';

/** The key in external_ids of bridges and interfaces of Open vSwitch. */
export const labId = 'linecard-lab';
/** The key in external_ids of an interface: the node at the other end of its link. */
export const farNode = 'linecard-lab-node';

/**
 * The hardware address of an interface that the file gives none: always the same one on this host, so that neighbours
 * and flows know a container again that was started or made anew.
 */
export function macOf(host: string, lab: string, { node, name }: Endpoint): string {
  const hash = createHash('sha256').update([host, lab, node, name].join('\0')).digest().subarray(0, 5);
  return formatMac(Uint8Array.of(0x02, ...hash));
}

const firstGroup = 0x2000_0000;
const groups = 0x1000_0000;

/** The interface group of a lab's links in the host's namespace: the one mark that a link has from its first moment. */
export function groupOf(lab: string): number {
  return firstGroup + (createHash('sha256').update(lab).digest().readUInt32BE(0) % groups);
}

/** Whether an interface group is that of some lab. */
export function isLabGroup(group: number): boolean {
  return group >= firstGroup && group < firstGroup + groups;
}

/** The labels that containerlab gives, for programs that look for its nodes. */
export function clabLabels(lab: Lab, node: LabNode): Record<string, string> {
  return {
    containerlab: lab.name,
    'clab-node-name': node.name,
    'clab-node-longname': node.longName,
    'clab-node-kind': node.kind,
    'clab-node-type': '',
    'clab-node-group': node.group,
    'clab-node-lab-dir': node.folder,
    'clab-topo-file': lab.file,
  };
}

/** All labels of the container of a node. `hash` tells another text of the file. */
export function nodeLabels(lab: Lab, node: LabNode, hash: string): Record<string, string> {
  return {
    ...node.labels,
    ...clabLabels(lab, node),
    [labels.lab]: lab.name,
    [labels.node]: node.name,
    [labels.kind]: node.kind,
    [labels.file]: lab.file,
    [labels.folder]: lab.folder,
    [labels.hash]: hash,
    ...(node.kind === 'openswitch' ? { [labels.netns]: node.openswitch.netns } : {}),
  };
}

/** A short fingerprint of a value. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** The chain of iptables that lets the traffic of the bridges of the lab with this group pass. */
export function chainOf(group: number): string {
  return `LAB-${group.toString(16)}`;
}

/** The table of nftables, in whatever namespace, that drops packets of impaired links of the lab with this group. */
export function tableOf(group: number): string {
  return `linecard-lab-${group.toString(16)}`;
}
