import { isAbsolute, join, resolve } from 'node:path';
import { LinecardError, parseDpid } from '@linecard/wire';
import type { RawNode } from '../file/schema.js';
import type { Place } from '../file/source.js';
import { didYouMean } from '../file/suggest.js';
import { splitWords } from '../file/words.js';
import { attempt, type Context, problem } from './context.js';
import { inherit } from './inherit.js';
import { resolveStages } from './stages.js';
import { type Bind, type KindName, kindNames, type LabNode, type StartupConfig } from './types.js';

const withoutEffect = [
  'type',
  'license',
  'runtime',
  'publish',
  'enforce-startup-config',
  'suppress-startup-config',
  'config',
  'extras',
  'certificate',
] as const;
const containerKinds: readonly KindName[] = ['linux', 'frr', 'openswitch'];

/** Bytes of `512mb`, `1Gb`, `64k` or a plain number. Throws `LC_INVALID`. */
export function parseSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(k|m|g|t)?(?:i?b)?\s*$/i.exec(text);
  if (match === null)
    throw new LinecardError('LC_INVALID', `"${text}" is not a size`, { hint: 'write it as 512mb or 2gb' });
  return Math.floor(Number(match[1]) * 1024 ** ' kmgt'.indexOf(match[2]?.toLowerCase() ?? ' '));
}

function words(line: string | readonly string[] | undefined): string[] | undefined {
  return line === undefined ? undefined : typeof line === 'string' ? splitWords(line) : [...line];
}

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
  return names.flatMap((name) => resolveNode(context, name, start) ?? []);
}

function resolveNode(context: Context, name: string, prefix: string): LabNode | undefined {
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
  for (const key of withoutEffect) {
    if (raw[key] !== undefined)
      context.warnings.push(`${context.source.where(place)}: "${key}" has no effect on the kind ${kind}`);
  }
  if (containerKinds.includes(kind) && raw.image === undefined) {
    problem(context, place, `node ${name} has no image`, 'give it one: image: NAME:TAG');
  }
  return {
    ...resolveContainer(context, place, raw),
    ...resolveSettings(context, place, raw),
    name,
    longName: `${prefix}${name}`,
    kind,
    group: raw.group ?? '',
    folder,
    place,
    startupConfig: startupConfig(context, place, raw['startup-config']),
    stages: resolveStages(context, place, raw),
  };
}

function checkReferences(context: Context, place: Place, raw: RawNode): void {
  const groups = Object.keys(context.source.raw.topology.groups ?? {});
  if (raw.group !== undefined && groups.length > 0 && !groups.includes(raw.group)) {
    problem(context, [...place, 'group'], `there is no group "${raw.group}"`, didYouMean(raw.group, groups));
  }
}

function resolveKind(context: Context, place: Place, kind: string | undefined): KindName | undefined {
  if (kind === undefined) {
    problem(context, place, `node ${place.at(-1)} has no kind`, 'write kind: linux, or give one in topology.defaults');
    return undefined;
  }
  const known = kindNames.find((name) => name === kind);
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

function resolveContainer(context: Context, place: Place, raw: RawNode) {
  const at = <T>(key: string, work: () => T) => attempt(context, [...place, key], work);
  const pull = raw['image-pull-policy']?.toLowerCase();
  return {
    image: raw.image,
    pull: pull === 'never' ? 'never' : pull === 'always' ? 'always' : 'missing',
    cmd: at('cmd', () => words(raw.cmd)),
    entrypoint: at('entrypoint', () => words(raw.entrypoint)),
    env: { ...environmentFiles(context, place, raw['env-files'] ?? []), ...raw.env },
    user: raw.user,
    binds: (raw.binds ?? []).flatMap((bind, index) => resolveBind(context, [...place, 'binds', index], bind) ?? []),
    devices: raw.devices ?? [],
    exec: (raw.exec ?? []).flatMap((line) => [at('exec', () => splitWords(line)) ?? []]),
    ports: raw.ports ?? [],
    mgmtIpv4: raw['mgmt-ipv4'],
    mgmtIpv6: raw['mgmt-ipv6'],
    networkMode: raw['network-mode'],
    aliases: raw.aliases ?? [],
    labels: raw.labels ?? {},
    sysctls: raw.sysctls ?? {},
    capAdd: raw['cap-add'] ?? [],
    privileged: raw.privileged ?? false,
    shmSize: raw['shm-size'] === undefined ? undefined : at('shm-size', () => parseSize(raw['shm-size']!)),
    cpu: raw.cpu,
    cpuSet: raw['cpu-set'],
    memory: raw.memory === undefined ? undefined : at('memory', () => parseSize(raw.memory!)),
    dns: { servers: raw.dns?.servers ?? [], search: raw.dns?.search ?? [], options: raw.dns?.options ?? [] },
    startupDelayS: raw['startup-delay'] ?? 0,
    autoRemove: raw['auto-remove'] ?? false,
    restartPolicy: raw['restart-policy'] ?? 'no',
    healthcheck: healthcheck(raw),
  } as const;
}

function healthcheck(raw: RawNode): LabNode['healthcheck'] {
  const check = raw.healthcheck;
  if (check === undefined) return undefined;
  return {
    test: typeof check.test === 'string' ? ['CMD-SHELL', check.test] : check.test,
    intervalS: check.interval ?? 30,
    timeoutS: check.timeout ?? 30,
    retries: check.retries ?? 3,
    startPeriodS: check['start-period'] ?? 0,
  };
}

function resolveSettings(context: Context, place: Place, raw: RawNode): Pick<LabNode, 'frr' | 'openswitch' | 'ovs'> {
  const dpid = raw.ovs?.dpid;
  return {
    frr: { daemons: raw.frr?.daemons ?? [], config: raw.frr?.config },
    openswitch: {
      netns: raw.openswitch?.netns ?? 'swns',
      cli: attempt(context, [...place, 'openswitch', 'cli'], () => words(raw.openswitch?.cli)) ?? ['vtysh'],
    },
    ovs: {
      datapath: raw.ovs?.datapath,
      dpid: dpid === undefined ? undefined : attempt(context, [...place, 'ovs', 'dpid'], () => parseDpid(dpid)),
      controllers: raw.ovs?.controllers ?? [],
      protocols: raw.ovs?.protocols,
      failMode: raw.ovs?.['fail-mode'],
    },
  };
}

/** A path of the file, relative to the file's folder. */
function pathOf(context: Context, path: string): string {
  if (path.startsWith('~/')) return join(context.home, path.slice(2));
  return isAbsolute(path) ? path : resolve(context.base, path);
}

function resolveBind(context: Context, place: Place, bind: string): Bind | undefined {
  const [source = '', target, mode = ''] = bind.split(':');
  if (target === undefined) return { source: '', target: source, mode: '' };
  const path = pathOf(context, source);
  if (!target.startsWith('/')) {
    problem(
      context,
      place,
      `the bind "${bind}" leads to "${target}"`,
      'the path inside the container must be absolute',
    );
  } else if (!context.exists(path) && !`${path}/`.startsWith(`${context.folder}/`)) {
    problem(
      context,
      place,
      `the bind "${bind}" needs ${path}, which does not exist`,
      `make it, or mend the path: it is relative to ${context.base}`,
    );
  }
  return { source: path, target, mode };
}

function environmentFiles(context: Context, place: Place, files: readonly string[]): Record<string, string> {
  const lines = files.flatMap((file) => {
    const path = pathOf(context, file);
    const text = attempt(context, [...place, 'env-files'], () => context.read(path)) ?? '';
    return text.split('\n').filter((line) => /^\s*[A-Za-z_]\w*=/.test(line));
  });
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1)]),
  );
}

function startupConfig(context: Context, place: Place, value: string | undefined): StartupConfig | undefined {
  if (value === undefined) return undefined;
  if (value.includes('\n')) return { text: value };
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
