import { isAbsolute, join, relative, resolve } from 'node:path';
import { LinecardError } from '@linecard/wire';
import type { RawNode } from '../file/schema.js';
import type { Place } from '../file/source.js';
import { splitWords } from '../file/words.js';
import { attempt, type Context, problem, warn } from './context.js';
import { parsePorts } from './ports.js';
import type { Bind, LabNode } from './types.js';

/** Bytes of `512mb`, `1Gb`, `64k` or a plain number. Throws `LC_INVALID`. */
export function parseSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(k|m|g|t)?(?:i?b)?\s*$/i.exec(text);
  if (match === null)
    throw new LinecardError('LC_INVALID', `"${text}" is not a size`, { hint: 'write it as 512mb or 2gb' });
  return Math.floor(Number(match[1]) * 1024 ** ' kmgt'.indexOf(match[2]?.toLowerCase() ?? ' '));
}

/** The words of a command line, which may be written as a list of them. */
export function words(line: string | readonly string[] | undefined): string[] | undefined {
  return line === undefined ? undefined : typeof line === 'string' ? splitWords(line) : [...line];
}

/** What the container of a node is told. */
export function resolveContainer(context: Context, place: Place, raw: RawNode) {
  const at = <T>(key: string, work: () => T) => attempt(context, [...place, key], work);
  const old = (key: 'mgmt_ipv4' | 'mgmt_ipv6') => {
    if (raw[key] !== undefined) warn(context, [...place, key], `"${key}" is called "${key.replace('_', '-')}" now`);
    return raw[key];
  };
  const pull = raw['image-pull-policy']?.toLowerCase();
  return {
    image: raw.image,
    pull: pull === 'never' ? 'never' : pull === 'always' ? 'always' : 'missing',
    cmd: at('cmd', () => words(raw.cmd)),
    entrypoint: at('entrypoint', () => words(raw.entrypoint)),
    env: resolveEnv(context, place, raw),
    user: raw.user,
    binds: (raw.binds ?? []).flatMap((bind, index) => resolveBind(context, [...place, 'binds', index], bind) ?? []),
    devices: raw.devices ?? [],
    exec: (raw.exec ?? []).flatMap((line) => [at('exec', () => splitWords(line)) ?? []]),
    ports: (raw.ports ?? []).flatMap(
      (text, index) => attempt(context, [...place, 'ports', index], () => parsePorts(text)) ?? [],
    ),
    mgmtIpv4: raw['mgmt-ipv4'] ?? old('mgmt_ipv4'),
    mgmtIpv6: raw['mgmt-ipv6'] ?? old('mgmt_ipv6'),
    networkMode: networkMode(context, place, raw['network-mode']),
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
    restartPolicy: raw['restart-policy'],
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

/** A path of the file, relative to the file's folder. */
export function pathOf(context: Context, path: string): string {
  if (path.startsWith('~/')) return join(context.home, path.slice(2));
  return isAbsolute(path) ? path : resolve(context.base, path);
}

/** Files that containerlab writes into the folder of a lab for other programs. */
const inventories = ['ansible-inventory.yml', 'nornir-simple-inventory.yml', 'topology-data.json'];

function resolveBind(context: Context, place: Place, bind: string): Bind | undefined {
  const [source = '', target, mode = ''] = bind.split(':');
  if (target === undefined) return { source: '', target: source, mode: '' };
  const path = pathOf(context, source);
  if (inventories.includes(relative(context.folder, path)) && !context.exists(path)) {
    problem(context, place, `the bind "${bind}" needs ${path}, which is not written here`, 'take the bind away');
  } else if (!target.startsWith('/')) {
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

const importAll = '__IMPORT_ENVS';

function resolveEnv(context: Context, place: Place, raw: RawNode): Record<string, string> {
  const { [importAll]: all, ...own } = raw.env ?? {};
  const outside = all === 'true' ? Object.entries(context.env).filter(([, value]) => value !== undefined) : [];
  return {
    ...(Object.fromEntries(outside) as Record<string, string>),
    ...environmentFiles(context, place, raw['env-files'] ?? []),
    ...own,
  };
}

function networkMode(context: Context, place: Place, mode: string | undefined): string | undefined {
  if (mode === undefined || /^container:.+/.test(mode)) return mode;
  const plain = mode.toLowerCase();
  if (!['host', 'none', 'bridge'].includes(plain)) {
    const hint = 'write bridge, host, none or container:NODE; mgmt.network names another management network';
    problem(context, [...place, 'network-mode'], `"${mode}" is not a network mode`, hint);
  }
  return plain;
}

function environmentFiles(context: Context, place: Place, files: readonly string[]): Record<string, string> {
  const lines = files.flatMap((file) => {
    const path = pathOf(context, file);
    const text = context.exists(path) ? attempt(context, [...place, 'env-files'], () => context.read(path)) : undefined;
    if (text === undefined) {
      problem(
        context,
        [...place, 'env-files'],
        `the file ${path} cannot be read`,
        `the path is relative to ${context.base}`,
      );
      return [];
    }
    return text.split('\n').filter((line) => /^\s*[A-Za-z_]\w*=/.test(line));
  });
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1)]),
  );
}
