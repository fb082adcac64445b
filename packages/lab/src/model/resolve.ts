import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { LinecardError } from '@linecard/wire';
import { parse } from 'yaml';
import { substituteEnvironment } from '../file/environment.js';
import { rawTopology } from '../file/schema.js';
import { Source } from '../file/source.js';
import { didYouMean } from '../file/suggest.js';
import { renderTemplate } from '../file/template.js';
import { splitWords } from '../file/words.js';
import { type Context, problem } from './context.js';
import { LinkResolver } from './links.js';
import { resolveManagement } from './management.js';
import { resolveNodes } from './nodes.js';
import { checkCycles, checkEnds } from './stages.js';
import type { Check, Lab, LabNode, Stage } from './types.js';

/** What the reading of a topology depends on besides its text. */
export interface ResolveOptions {
  /** Replaces the variables of the environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The values of template variables. */
  readonly variables?: unknown;
  /** Whether a file is there. */
  readonly exists?: (path: string) => boolean;
  readonly read?: (path: string) => string;
  readonly home?: string;
  /** Only these nodes, and the links between them. */
  readonly nodeFilter?: readonly string[];
  /** A name for the lab instead of the file's. */
  readonly name?: string;
}

/** Reads and resolves a topology file. Throws `LC_NOT_FOUND` without it, and errors as {@link resolveText}. */
export function readLab(file: string, options: ResolveOptions & { readonly vars?: string } = {}): Lab {
  const path = resolve(file);
  const variables = options.vars === undefined ? beside(path) : parse(readText(options.vars));
  return resolveText(path, readText(path), { variables, ...options });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const text = code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${message}`;
    throw new LinecardError('LC_NOT_FOUND', text, { hint: 'name the topology file with -t FILE', cause });
  }
}

/** The variables that lie beside a topology file: `lab.clab_vars.yml` or `lab_vars.yml` of `lab.clab.yml`. */
function beside(path: string): unknown {
  const stems = [
    path.slice(0, path.length - extname(path).length),
    path.replace(/(\.clab)?(\.ya?ml)?(\.gotmpl)?$/, ''),
  ];
  const places = stems.flatMap((stem) => ['yaml', 'yml', 'json'].map((extension) => `${stem}_vars.${extension}`));
  const found = places.find((one) => existsSync(one));
  return found === undefined ? {} : parse(readText(found));
}

/**
 * The lab of a topology's text: templates rendered, variables replaced, everything inherited and checked. `file` is
 * its absolute path, which relative paths start from. Throws `LC_INVALID` with `FILE:LINE:COLUMN` and what to do for
 * every mistake that was found.
 */
export function resolveText(file: string, text: string, options: ResolveOptions = {}): Lab {
  const shown = basename(file);
  const env = options.env ?? process.env;
  const substituted = substituteEnvironment(shown, renderTemplate(text, options.variables ?? {}), env);
  const source = new Source(shown, substituted.text, rawTopology);
  const lab = options.name ?? source.raw.name;
  const context: Context = {
    source,
    base: dirname(file),
    folder: join(dirname(file), `clab-${lab}`),
    lab,
    home: options.home ?? homedir(),
    env,
    exists: options.exists ?? existsSync,
    read: options.read ?? ((path) => readFileSync(path, 'utf8')),
    problems: [],
    warnings: [...substituted.warnings],
  };
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(lab)) {
    problem(context, ['name'], `"${lab}" cannot be the name of a lab`, 'use letters, digits, "-", "_" and "."');
  }
  const nodes = resolveNodes(context);
  checkCycles(context, nodes);
  checkEnds(context, nodes);
  const links = new LinkResolver(context, nodes).all();
  const mgmt = resolveManagement(context, nodes);
  const check = resolveCheck(context, nodes);
  if (context.problems.length > 0) throw source.failure(context.problems);
  const whole: Lab = { name: lab, file, folder: context.folder, mgmt, nodes, links, check, warnings: context.warnings };
  return options.nodeFilter === undefined ? whole : filtered(whole, options.nodeFilter);
}

function resolveCheck(context: Context, nodes: readonly LabNode[]): Check {
  const raw = context.source.raw.check ?? {};
  const names = nodes.map((node) => node.name);
  const known = (place: (string | number)[], name: string) => {
    if (!names.includes(name)) problem(context, place, `there is no node "${name}"`, didYouMean(name, names));
  };
  for (const [index, { from }] of (raw.pings ?? []).entries()) known(['check', 'pings', index, 'from'], from);
  for (const [index, { node }] of (raw.commands ?? []).entries()) known(['check', 'commands', index, 'node'], node);
  for (const node of Object.keys(raw.addresses ?? {})) known(['check', 'addresses', node], node);
  return {
    pings: raw.pings ?? [],
    commands: (raw.commands ?? []).map(({ node, run, expect }) => ({
      node,
      expect,
      run: typeof run === 'string' ? splitWords(run) : run,
    })),
    addresses: Object.entries(raw.addresses ?? {}).flatMap(([node, interfaces]) =>
      Object.entries(interfaces).flatMap(([name, list]) =>
        [list].flat().map((address) => ({ node, interface: name, address })),
      ),
    ),
    timeoutMs: (raw.timeout ?? 30) * 1000,
  };
}

function filtered(lab: Lab, names: readonly string[]): Lab {
  const known = lab.nodes.map((node) => node.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, known);
    throw new LinecardError(
      'LC_INVALID',
      `the filter names the node "${unknown}", which is not in ${basename(lab.file)}`,
      hint === undefined ? {} : { hint },
    );
  }
  const inside = (node: string) => names.includes(node) || node === 'host' || node === 'mgmt-net';
  return {
    ...lab,
    nodes: lab.nodes.filter((node) => names.includes(node.name)).map((node) => withoutWaits(node, names)),
    links: lab.links.filter((link) => inside(link.a.node) && (link.type !== 'cable' || inside(link.b.node))),
    check: {
      ...lab.check,
      pings: lab.check.pings.filter(({ from }) => inside(from)),
      commands: lab.check.commands.filter(({ node }) => inside(node)),
      addresses: lab.check.addresses.filter(({ node }) => inside(node)),
    },
  };
}

/** A node that waits for none but these: the others are not part of the deploy. */
function withoutWaits(node: LabNode, names: readonly string[]): LabNode {
  const stage = ({ waitFor, exec }: Stage): Stage => ({
    exec,
    waitFor: waitFor.filter((wait) => names.includes(wait.node)),
  });
  const stages = Object.entries(node.stages).map(([name, one]) => [name, stage(one)]);
  return { ...node, stages: Object.fromEntries(stages) as LabNode['stages'] };
}
