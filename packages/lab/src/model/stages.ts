import type { RawNode, StageName } from '../file/schema.js';
import type { Place } from '../file/source.js';
import { didYouMean } from '../file/suggest.js';
import { splitWords } from '../file/words.js';
import { attempt, type Context, problem } from './context.js';
import type { LabNode, Stage, Wait } from './types.js';

const stageNames: readonly StageName[] = ['create', 'create-links', 'configure', 'healthy', 'exit'];

type RawStage = NonNullable<NonNullable<RawNode['stages']>['create']>;

function commands(stage: RawStage): Stage['exec'] {
  const exec = stage.exec ?? [];
  if (Array.isArray(exec)) {
    return exec.map((one) => ({
      command: splitWords(one.command),
      onExit: one.phase === 'on-exit',
      onHost: one.target === 'host',
    }));
  }
  const phase = (lines: readonly string[] | undefined, onExit: boolean) =>
    (lines ?? []).map((line) => ({ command: splitWords(line), onExit, onHost: false }));
  return [...phase(exec['on-enter'], false), ...phase(exec['on-exit'], true)];
}

/** What a node does at each stage, and whom it waits for. */
export function resolveStages(context: Context, place: Place, raw: RawNode): LabNode['stages'] {
  const names = Object.keys(context.source.raw.topology.nodes ?? {});
  const entries = stageNames.map((name): [StageName, Stage] => {
    const stage = raw.stages?.[name] ?? {};
    // The short form of old: the other node must be there before this one is made.
    const short: Wait[] =
      name === 'create' ? (raw['wait-for'] ?? []).map((node) => ({ node, stage: 'create' as const })) : [];
    const waitFor = [...short, ...(stage['wait-for'] ?? [])];
    for (const { node } of waitFor) {
      if (!names.includes(node))
        problem(
          context,
          [...place, 'stages', name, 'wait-for'],
          `wait-for names the node "${node}", which is not there`,
          didYouMean(node, names),
        );
      if (node === place.at(-1))
        problem(context, [...place, 'stages', name, 'wait-for'], `node ${node} waits for itself`);
    }
    return [name, { waitFor, exec: attempt(context, [...place, 'stages', name], () => commands(stage)) ?? [] }];
  });
  return Object.fromEntries(entries) as Record<StageName, Stage>;
}

/** Finds nodes that wait for each other: none of them would ever start. */
export function checkCycles(context: Context, nodes: readonly LabNode[]): void {
  const waitsOf = new Map(
    nodes.map((node) => [node.name, stageNames.flatMap((name) => node.stages[name].waitFor.map((wait) => wait.node))]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, path: readonly string[]): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') {
      const circle = [...path.slice(path.indexOf(name)), name].join(' -> ');
      problem(
        context,
        ['topology', 'nodes', name],
        `nodes wait for each other: ${circle}`,
        'take one of the wait-for away',
      );
      return;
    }
    state.set(name, 'open');
    for (const next of waitsOf.get(name) ?? []) visit(next, [...path, name]);
    state.set(name, 'done');
  };
  for (const { name } of nodes) visit(name, []);
}
