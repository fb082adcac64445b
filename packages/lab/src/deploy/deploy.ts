import { existsSync } from 'node:fs';
import { LinecardError } from '@linecard/wire';
import { containerKind } from '../kinds/kinds.js';
import type { Lab, LabNode } from '../model/types.js';
import { awaitApps } from './apps.js';
import { ensureBridges, ensureForwarding } from './bridges.js';
import { destroyLab, labContainers } from './destroy.js';
import { writeHostFiles } from './host-files.js';
import { bridgeName, ensureManagement } from './management.js';
import { NodeDeploy } from './node.js';
import type { DeployOptions, ExecReport } from './progress.js';
import { StageBoard, Workers } from './stages.js';
import { Wiring } from './wiring.js';
import type { World } from './world.js';

/** What a deploy did. */
export interface Deployed {
  readonly made: readonly string[];
  readonly kept: readonly string[];
  readonly links: number;
  readonly exec: readonly ExecReport[];
}

/** What was there of a lab before its deploy. */
interface Start {
  readonly isFresh: boolean;
  readonly hadFolder: boolean;
}

/**
 * Makes a lab be there: what is there already stays as it is. Throws an error that names the node; what this call made
 * is gone then, unless `keep` is set.
 */
export async function deployLab(world: World, lab: Lab, options: DeployOptions = {}): Promise<Deployed> {
  const { nodeFilter } = options;
  if (options.reconfigure === true) {
    const { maxWorkers, progress } = options;
    await destroyLab(world, lab.name, {
      ...(nodeFilter === undefined ? { cleanup: true } : { nodeFilter }),
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
      ...(progress === undefined ? {} : { progress }),
    });
  }
  const before = await labContainers(world, lab.name);
  const start: Start = { isFresh: before.length === 0, hadFolder: existsSync(lab.folder) };
  const abort = new AbortController();
  const wiring = new Wiring(world, lab);
  const nodes: NodeDeploy[] = [];
  try {
    const management = await prepare(world, lab, start.isFresh);
    const board = new StageBoard(abort.signal);
    const workers = new Workers(options.maxWorkers ?? 8);
    nodes.push(
      ...lab.nodes.map((node) => new NodeDeploy({ world, lab, node, board, workers, wiring, options, before })),
    );
    await wiring.start(management);
    const runs = nodes.map((node) => guarded(node, abort, options));
    await settle(runs);
    await writeHostFiles(world, lab.name, await labContainers(world, lab.name));
  } catch (error) {
    if (options.keep !== true) await undo(world, lab, nodes, start, error);
    throw error;
  }
  return {
    made: nodes.filter((node) => node.made).map(({ node }) => node.name),
    kept: nodes.filter((node) => node.kept).map(({ node }) => node.name),
    links: wiring.made,
    exec: nodes.flatMap((node) => node.reports),
  };
}

/** What stands around the nodes. Returns the bridge of the management network. */
async function prepare(world: World, lab: Lab, fresh: boolean): Promise<string | undefined> {
  await world.engine.ping();
  await ensureImages(world, lab.nodes);
  // What a crash left of another deploy, or of none.
  if (fresh) await destroyLab(world, lab.name);
  const network = await ensureManagement(world, lab);
  const management = network === undefined ? undefined : bridgeName(network);
  await Promise.all([ensureBridges(world, lab), ensureForwarding(lab, management)]);
  await awaitApps(world, lab);
  return management;
}

async function ensureImages(world: World, nodes: readonly LabNode[]): Promise<void> {
  const first = new Map<string, LabNode>();
  for (const node of nodes) {
    if (node.image !== undefined && containerKind(node.kind) !== undefined && !first.has(node.image))
      first.set(node.image, node);
  }
  await Promise.all([...first].map(([image, node]) => ensureImage(world, image, node)));
}

async function ensureImage(world: World, image: string, node: LabNode): Promise<void> {
  const present = await world.control.hasImage(image);
  if (present && node.pull !== 'always') return;
  const missing = (reason: string, cause?: unknown) =>
    new LinecardError('LC_NOT_FOUND', `node ${node.name}: there is no image ${image}${reason}`, {
      hint: 'see docker images; scripts/images builds linecard/frr and linecard/openswitch; or mend the name',
      cause,
    });
  if (node.pull === 'never') throw missing(' on this host, and image-pull-policy is Never');
  try {
    await world.control.pullImage(image, 15 * 60_000);
  } catch (error) {
    if (!present) throw missing(`: ${(error as Error).message}`, error);
  }
}

/** Runs one node; its failure stops the others at their next step and carries its name. */
async function guarded(node: NodeDeploy, abort: AbortController, options: DeployOptions): Promise<void> {
  try {
    await node.run();
  } catch (error) {
    const { code, message, hint } = error as LinecardError;
    if (code === 'LC_CLOSED' && abort.signal.aborted) throw error;
    options.progress?.(node.node.name, 'failed');
    const named = `node ${node.node.name}: ${message}`;
    const failure = new LinecardError(code ?? 'LC_INVALID', named, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
    abort.abort(failure);
    throw failure;
  }
}

/** Waits for all; throws the first failure that is not the echo of another. */
async function settle(runs: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(runs);
  const failures = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => reason as LinecardError);
  const failure = failures.find(({ message }) => message.startsWith('node ')) ?? failures[0];
  if (failure !== undefined) throw failure;
}

/** Takes back what this deploy made: all of a new lab, or the new nodes of one that was there. */
async function undo(world: World, lab: Lab, nodes: readonly NodeDeploy[], start: Start, cause: unknown): Promise<void> {
  const made = nodes.filter((node) => node.containerId !== undefined && node.made);
  try {
    // Files that people laid into the folder before stay theirs.
    if (start.isFresh) await destroyLab(world, lab.name, { cleanup: !start.hadFolder });
    else await destroyLab(world, lab.name, { nodeFilter: made.map(({ node }) => node.name) });
  } catch (error) {
    const text = `${(cause as Error).message}; and what was made of the lab could not be removed: ${(error as Error).message}`;
    throw new LinecardError('LC_DOCKER', text, { hint: `linecard lab destroy --name ${lab.name} removes it`, cause });
  }
}
