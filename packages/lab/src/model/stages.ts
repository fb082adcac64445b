import { type RawNode, type StageName, stageNames } from '../file/schema.js';
import type { Place } from '../file/source.js';
import { didYouMean } from '../file/suggest.js';
import { splitWords } from '../file/words.js';
import { attempt, type Context, problem } from './context.js';
import type { LabNode, Stage, Wait } from './types.js';

type RawStage = NonNullable<NonNullable<RawNode['stages']>['create']>;

function commands(stage: RawStage): Stage['exec'] {
  return (stage.exec ?? []).map(({ command, phase, target }) => ({
    command: splitWords(command),
    onExit: phase === 'on-exit',
    onHost: target === 'host',
  }));
}

/** Whoever lives in the network namespace of another node is made after that one. */
function implied(raw: RawNode, names: readonly string[]): Wait[] {
  const owner = /^container:(.+)$/.exec(raw['network-mode'] ?? '')?.[1];
  return owner !== undefined && names.includes(owner) ? [{ node: owner, stage: 'create' }] : [];
}

/** What a node does at each stage, and whom it waits for. */
export function resolveStages(context: Context, place: Place, raw: RawNode): LabNode['stages'] {
  const names = Object.keys(context.source.raw.topology.nodes ?? {});
  const entries = stageNames.map((name): [StageName, Stage] => {
    const stage = raw.stages?.[name] ?? {};
    // The short form of old: the other node must be there before this one is made.
    const short = (raw['wait-for'] ?? []).map((node): Wait => ({ node, stage: 'create' }));
    const waitFor = [...(name === 'create' ? [...short, ...implied(raw, names)] : []), ...(stage['wait-for'] ?? [])];
    for (const { node } of waitFor) {
      if (!names.includes(node))
        problem(
          context,
          [...place, 'stages', name, 'wait-for'],
          `wait-for names the node "${node}", which is not there`,
          didYouMean(node, names),
        );
      if (node === place.at(-1))
        problem(context, [...place, 'stages', name, 'wait-for'], `node ${node} waits for itself`, 'name another node');
    }
    return [name, { waitFor, exec: attempt(context, [...place, 'stages', name], () => commands(stage)) ?? [] }];
  });
  return Object.fromEntries(entries) as Record<StageName, Stage>;
}

/** Whether a node of these waits for another one to reach a stage. */
export function isAwaited(nodes: readonly Pick<LabNode, 'stages'>[], name: string, stage: StageName): boolean {
  return nodes.some(({ stages }) =>
    stageNames.some((own) => stages[own].waitFor.some((wait) => wait.node === name && wait.stage === stage)),
  );
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

/** Finds waits for the end of what never ends: bridges and the host. */
export function checkEnds(context: Context, nodes: readonly LabNode[]): void {
  const endless = new Set(nodes.filter(({ image }) => image === undefined).map(({ name }) => name));
  for (const { name, stages } of nodes) {
    for (const { node, stage } of stageNames.flatMap((one) => stages[one].waitFor)) {
      if (stage !== 'exit' || !endless.has(node)) continue;
      const place = ['topology', 'nodes', name, 'stages'];
      problem(context, place, `node ${name} waits for the end of ${node}, which never ends`, 'wait for another stage');
    }
  }
}
