import { setTimeout as delay } from 'node:timers/promises';
import { addressesInNetns, inNetns, type NetnsRef } from '@linecard/linux';
import { insideOf } from '../kinds/kind.js';
import { containerKind } from '../kinds/kinds.js';
import { endsOf, isPatch } from '../model/ends.js';
import { isAwaited } from '../model/stages.js';
import type { Endpoint, Lab, LabLink } from '../model/types.js';
import { labContainers } from './destroy.js';
import { labels } from './marks.js';
import { netnsOf } from './where.js';
import type { World } from './world.js';

/** One thing that a lab must fulfil, and whether it does. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What was found instead. */
  readonly reason?: string;
}

/** Tells why something is not so; undefined when it is. */
type Look = () => Promise<string | undefined>;

/**
 * Proves a lab: every container runs, every link is up at both ends, every address is there, and the pings and commands
 * of the file succeed. What is not so yet may become so until the file's timeout, because protocols converge.
 */
export async function checkLab(world: World, lab: Lab): Promise<Finding[]> {
  const deadline = performance.now() + lab.check.timeoutMs;
  const places = await findPlaces(world, lab);
  const looks: [string, Look][] = [
    ...lab.nodes
      .filter(({ kind }) => containerKind(kind) !== undefined)
      .map(({ name }): [string, Look] =>
        isAwaited(lab.nodes, name, 'exit')
          ? [`${name} has ended`, async () => ((await runs(world, lab, name)) ? 'it still runs' : undefined)]
          : [`${name} runs`, async () => (places.has(name) ? undefined : 'it has no running container')],
      ),
    ...lab.links
      .flatMap((link) => endsOf(link).map((end) => ({ link, end })))
      .flatMap(({ link, end }) => linkLooks(world, lab, places, link, end)),
    ...lab.check.addresses.map(({ node, interface: name, address }) => addressLook(world, places, node, name, address)),
    ...lab.check.pings.map(({ from, to }): [string, Look] => [`${from} pings ${to}`, () => ping(places.get(from), to)]),
    ...lab.check.commands.map(({ node, run, expect }): [string, Look] => [
      `${node}: ${run.join(' ')}${expect === undefined ? '' : ` says ${expect}`}`,
      () => command(world, lab, node, run, expect),
    ]),
  ];
  return Promise.all(looks.map(([what, look]) => until(what, look, deadline)));
}

async function runs(world: World, lab: Lab, node: string): Promise<boolean> {
  const containers = await labContainers(world, lab.name);
  return containers.some(({ labels: own, state }) => own[labels.node] === node && state === 'running');
}

async function until(what: string, look: Look, deadline: number): Promise<Finding> {
  for (;;) {
    const reason = await look().catch((error: Error) => error.message);
    if (reason === undefined) return { what, ok: true };
    if (performance.now() >= deadline) return { what, ok: false, reason };
    await delay(250);
  }
}

/** The namespaces that links of running nodes lead to, by node. */
type Places = ReadonlyMap<string, NetnsRef>;

async function findPlaces(world: World, lab: Lab): Promise<Places> {
  const containers = await labContainers(world, lab.name);
  const found = lab.nodes.map(async (node): Promise<[string, NetnsRef] | undefined> => {
    const isExternal = containerKind(node.kind)?.isExternal === true;
    const id = isExternal ? node.longName : containers.find(({ labels: own }) => own[labels.node] === node.name)?.id;
    const netns = id === undefined ? undefined : await netnsOf(world, node, id);
    return netns === undefined ? undefined : [node.name, netns];
  });
  return new Map((await Promise.all(found)).filter((one) => one !== undefined));
}

function linkLooks(world: World, lab: Lab, places: Places, link: LabLink, end: Endpoint): [string, Look][] {
  const isContainer = lab.nodes.some((node) => node.name === end.node && containerKind(node.kind) !== undefined);
  const up: Look = async () => {
    const netns = places.get(end.node);
    if (isContainer && netns === undefined) return 'its node does not run';
    const found = await world.netlink.link(
      end.name,
      netns === undefined ? {} : { netnsid: await world.netlink.netnsid(netns) },
    );
    const bridge = lab.nodes.find(({ name, kind }) => name === end.node && kind === 'ovs-bridge');
    if (found === undefined && !isPatch(lab, link)) return 'there is no such interface';
    const unplugged = bridge === undefined ? undefined : await isUnplugged(world, end);
    if (unplugged !== undefined || found === undefined) return unplugged;
    // What leads out of the lab is up when we are; whether anybody answers there is not the lab's to say.
    const works = link.type === 'cable' ? found.flags.running : found.flags.up;
    return works ? undefined : 'it is down, or its other end is';
  };
  return [
    [`${end.node}:${end.name} is up`, up],
    ...end.addresses.map((address) => addressLook(world, places, end.node, end.name, address)),
  ];
}

/** Why a port of an Open vSwitch bridge is none. */
async function isUnplugged(world: World, { node, name }: Endpoint): Promise<string | undefined> {
  const { view } = await world.openvswitch();
  if (view.bridgeOf(name) !== node) return 'it is not a port of the bridge';
  const { ofport = 0, error } = view.interface(name) ?? {};
  return ofport > 0 ? undefined : `Open vSwitch could not add it: ${error ?? 'ovs-vswitchd has not answered'}`;
}

function addressLook(world: World, places: Places, node: string, name: string, address: string): [string, Look] {
  const look = async () => {
    const netns = places.get(node);
    const where = netns === undefined ? {} : { netnsid: await world.netlink.netnsid(netns) };
    const link = await world.netlink.link(name, where);
    if (link === undefined) return 'there is no such interface';
    const all = await (netns === undefined ? world.netlink.addresses() : addressesInNetns(netns));
    const own = all.filter(({ ifindex }) => ifindex === link.index).map(({ cidr }) => `${cidr.address}/${cidr.prefix}`);
    return own.includes(address) ? undefined : `it has ${own.join(', ') || 'none'}`;
  };
  return [`${node}:${name} has ${address}`, look];
}

async function ping(netns: NetnsRef | undefined, to: string): Promise<string | undefined> {
  if (netns === undefined) return 'its node does not run';
  return inNetns(netns, ['ping', '-n', '-c', '1', '-W', '1', to]).then(
    () => undefined,
    () => 'no answer',
  );
}

async function command(
  world: World,
  lab: Lab,
  node: string,
  run: readonly string[],
  expect: string | undefined,
): Promise<string | undefined> {
  const name = lab.nodes.find((one) => one.name === node)!.longName;
  const { exitCode, stdout, stderr } = await insideOf(world.control, name)(run);
  const said = `${stdout}${stderr}`;
  if (expect !== undefined)
    return new RegExp(expect, 'm').test(said) ? undefined : `it says: ${said.trim().slice(-1000)}`;
  return exitCode === 0 ? undefined : `exit status ${exitCode}: ${said.trim().slice(-1000)}`;
}
