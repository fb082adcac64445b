import { join } from 'node:path';
import { checkInterfaceName } from '@linecard/linux';
import { controllerForms, parseController } from '@linecard/switch';
import { parseDpid } from '@linecard/wire';
import type { RawNode } from '../file/schema.js';
import type { Place } from '../file/source.js';
import { didYouMean, nearest } from '../file/suggest.js';
import { pathOf, resolveContainer, words } from './container.js';
import { attempt, type Context, problem, warn } from './context.js';
import { inherit } from './inherit.js';
import { isAwaited, resolveStages } from './stages.js';
import { frrDaemons, type KindName, kindNames, type LabNode, type StartupConfig } from './types.js';

const withoutEffect = [
  'type',
  'license',
  'runtime',
  'publish',
  'enforce-startup-config',
  'suppress-startup-config',
  'config',
  'certificate',
  'components',
  'credentials',
  'position',
  'sandbox',
  'kernel',
  'SANs',
] as const;
const containerKinds: readonly KindName[] = ['linux', 'frr', 'openswitch'];
/** Further names that containerlab has for a kind. */
const kindAliases: Readonly<Record<string, KindName>> = { frrouting: 'frr' };
/** Parts of FRRouting that always run: they may be listed, as in containerlab. */
const alwaysRun = ['zebra', 'staticd', 'mgmtd', 'watchfrr'];
/** What an image of FRRouting has at least, and what runs when no list is given. */
const usualDaemons = ['bgpd', 'ospfd', 'ospf6d', 'isisd', 'bfdd'];

/** Replaces `__clabNodeName__` and its friends in every text below a value. */
function fill<T>(value: T, names: Readonly<Record<string, string>>): T {
  if (typeof value === 'string') return value.replaceAll(/__clab\w+?__/g, (name) => names[name] ?? name) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => fill(one, names)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, names)])) as T;
}

/** Resolves the nodes of a topology. */
export function resolveNodes(context: Context): LabNode[] {
  const { topology, prefix } = context.source.raw;
  const start =
    prefix === undefined || prefix === null
      ? `clab-${context.lab}-`
      : prefix === ''
        ? ''
        : prefix === '__lab-name'
          ? `${context.lab}-`
          : `${prefix}-${context.lab}-`;
  const names = Object.keys(topology.nodes ?? {});
  if (names.length === 0)
    problem(context, ['topology', 'nodes'], 'there are no nodes', 'name at least one below topology.nodes');
  return withRestart(names.flatMap((name) => resolveNode(context, name, start) ?? []));
}

type Draft = Omit<LabNode, 'restartPolicy'> & { readonly restartPolicy: LabNode['restartPolicy'] | undefined };

/** As in containerlab a plain container comes back when it ends; but not if its end is what somebody waits for. */
function withRestart(nodes: readonly Draft[]): LabNode[] {
  const comesBack = ({ name, kind, autoRemove }: Draft) =>
    kind === 'linux' && !autoRemove && !isAwaited(nodes, name, 'exit');
  return nodes.map((node) => ({ ...node, restartPolicy: node.restartPolicy ?? (comesBack(node) ? 'always' : 'no') }));
}

function resolveNode(context: Context, name: string, prefix: string): Draft | undefined {
  const { topology } = context.source.raw;
  const place: Place = ['topology', 'nodes', name];
  const folder = join(context.folder, name);
  const own = topology.nodes?.[name] ?? {};
  const raw = fill(inherit(topology, own), {
    __clabNodeName__: name,
    __clabNodeDir__: folder,
    __clabDir__: context.folder,
  });
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name) || name === 'host' || name === 'mgmt-net' || name === 'macvlan') {
    problem(
      context,
      place,
      `"${name}" cannot be the name of a node`,
      'use letters, digits, "-", "_" and "."; host, mgmt-net and macvlan have a meaning in links',
    );
  }
  checkReferences(context, place, raw);
  const kind = resolveKind(context, place, raw.kind);
  if (kind === undefined) return undefined;
  if (kind === 'bridge' || kind === 'ovs-bridge') attempt(context, place, () => checkInterfaceName(name));
  for (const key of withoutEffect) {
    if (raw[key] !== undefined) warn(context, place, `"${key}" has no effect on the kind ${kind}`);
  }
  if (containerKinds.includes(kind) && raw.image === undefined) {
    problem(context, place, `node ${name} has no image`, 'give it one: image: NAME:TAG');
  }
  if (raw['startup-config'] !== undefined && kind !== 'frr' && kind !== 'openswitch') {
    warn(context, place, `"startup-config" has no effect on the kind ${kind}`);
  }
  return {
    ...resolveContainer(context, place, raw),
    ...resolveSettings(context, place, raw),
    name,
    longName: kind === 'ext-container' ? name : `${prefix}${name}`,
    kind,
    group: raw.group ?? '',
    folder,
    place,
    startupConfig: startupConfig(context, place, raw['startup-config']),
    stages: resolveStages(context, place, raw),
  };
}

/** A group may be any word, but one that is nearly the name of a group that is there is a slip. */
function checkReferences(context: Context, place: Place, raw: RawNode): void {
  const groups = Object.keys(context.source.raw.topology.groups ?? {});
  if (raw.group === undefined || groups.includes(raw.group) || nearest(raw.group, groups) === undefined) return;
  problem(context, [...place, 'group'], `there is no group "${raw.group}"`, didYouMean(raw.group, groups));
}

function resolveKind(context: Context, place: Place, kind: string | undefined): KindName | undefined {
  if (kind === undefined) {
    problem(context, place, `node ${place.at(-1)} has no kind`, 'write kind: linux, or give one in topology.defaults');
    return undefined;
  }
  const plain = kind.toLowerCase();
  const known = kindAliases[plain] ?? kindNames.find((name) => name === plain);
  if (known === undefined) {
    const hint = didYouMean(kind, kindNames);
    problem(
      context,
      [...place, 'kind'],
      `the kind "${kind}" is not known`,
      `${hint}; a container of any sort is of kind linux`,
    );
  }
  return known;
}

function resolveSettings(context: Context, place: Place, raw: RawNode): Pick<LabNode, 'frr' | 'openswitch' | 'ovs'> {
  const dpid = raw.ovs?.dpid;
  return {
    frr: { daemons: resolveDaemons(context, place, raw), config: raw.frr?.config },
    openswitch: {
      netns: raw.openswitch?.netns ?? 'swns',
      cli: attempt(context, [...place, 'openswitch', 'cli'], () => words(raw.openswitch?.cli)) ?? ['vtysh'],
    },
    ovs: {
      datapath: raw.ovs?.datapath,
      dpid: dpid === undefined ? undefined : attempt(context, [...place, 'ovs', 'dpid'], () => parseDpid(dpid)),
      controllers: resolveControllers(context, place, raw.ovs?.controllers ?? []),
      protocols: raw.ovs?.protocols,
      failMode: raw.ovs?.['fail-mode'],
    },
  };
}

function resolveControllers(context: Context, place: Place, texts: readonly string[]): readonly string[] {
  return texts.flatMap((text, index) => {
    const controller = parseController(text);
    if (controller !== undefined) return [controller];
    const at = [...place, 'ovs', 'controllers', index];
    problem(context, at, `"${text}" is not a controller of a bridge`, `write ${controllerForms}`);
    return [];
  });
}

function resolveDaemons(context: Context, place: Place, raw: RawNode): readonly string[] {
  const [listed, at] =
    raw.frr?.daemons === undefined
      ? [raw.extras?.frr?.daemons, ['extras', 'frr', 'daemons']]
      : [raw.frr.daemons, ['frr', 'daemons']];
  for (const name of listed ?? []) {
    if (![...frrDaemons, ...alwaysRun].includes(name)) {
      problem(context, [...place, ...at], `"${name}" is not a daemon of FRRouting`, didYouMean(name, frrDaemons));
    }
  }
  return (listed ?? usualDaemons).filter((name) => !alwaysRun.includes(name));
}

function startupConfig(context: Context, place: Place, value: string | undefined): StartupConfig | undefined {
  if (value === undefined) return undefined;
  if (value.includes('\n')) return { text: value };
  if (/^(?:https?|s3):/.test(value)) {
    problem(
      context,
      [...place, 'startup-config'],
      `${value} would have to be downloaded`,
      'fetch it and name the file',
    );
    return undefined;
  }
  const file = pathOf(context, value);
  if (context.exists(file)) return { file };
  problem(
    context,
    [...place, 'startup-config'],
    `the startup-config ${file} does not exist`,
    `the path is relative to ${context.base}`,
  );
  return undefined;
}
