import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerDetail, ContainerSummary } from '@linecard/docker';
import { netnsPath, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import type { StageName } from '../file/schema.js';
import { type ContainerKind, type Inside, insideOf } from '../kinds/kind.js';
import { containerKind } from '../kinds/kinds.js';
import { isAwaited } from '../model/stages.js';
import type { Lab, LabNode } from '../model/types.js';
import { containerConfig } from './container.js';
import { configuredMark, labels } from './marks.js';
import type { DeployOptions, ExecReport, NodeState } from './progress.js';
import type { StageBoard, Workers } from './stages.js';
import type { Wiring } from './wiring.js';
import type { World } from './world.js';

/** What a node shares with the others of its lab. */
export interface Surroundings {
  readonly world: World;
  readonly lab: Lab;
  readonly node: LabNode;
  readonly board: StageBoard;
  readonly workers: Workers;
  readonly wiring: Wiring;
  readonly options: DeployOptions;
  /** The containers of the lab that were there before. */
  readonly before: readonly ContainerSummary[];
}

/** How long a node may take to become healthy or to end, when another one waits for that. */
const stageTimeoutMs = 300_000;

/** Brings one node from nothing to running, stage by stage. */
export class NodeDeploy {
  readonly node: LabNode;
  readonly reports: ExecReport[] = [];
  containerId: string | undefined;
  /** Whether this deploy made its container. */
  made = false;
  kept = false;
  /** Whether its namespace has nothing of the file yet: made now, started again, or restarted without its links. */
  #isNew = false;
  readonly #with: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
    this.node = surroundings.node;
  }

  async run(): Promise<void> {
    const kind = containerKind(this.node.kind);
    if (kind === undefined) await this.#withoutContainer();
    else await this.#container(kind);
  }

  /** Bridges and the host are there before any container; `exec` of the host runs on the host. */
  async #withoutContainer(): Promise<void> {
    for (const stage of ['create', 'create-links', 'configure', 'healthy'] as const) {
      await this.#enter(stage);
      if (stage === 'configure' && this.node.kind === 'host') {
        for (const command of this.node.exec) await this.#execOnHost(command);
      }
      await this.#leave(stage);
    }
  }

  async #container(kind: ContainerKind): Promise<void> {
    const { node } = this;
    const { board, workers, world } = this.#with;
    this.#show('waiting');
    await this.#enter('create');
    if (node.startupDelayS > 0) await board.orAbort(delay(node.startupDelayS * 1000));
    const config = await startupConfigOf(node);
    const container = await board.orAbort(workers.run(() => this.#start(kind, config)));
    const inside = insideOf(world.control, container.id);
    // A deploy that was killed between the links and the configuration has left links and nothing else.
    if (!this.#isNew && !(await this.#isConfigured(kind, container))) this.#isNew = true;
    await this.#leave('create', inside);

    await this.#enter('create-links', inside);
    this.#show('wiring');
    if (await this.#wire(kind, container)) this.#isNew = true;
    await this.#leave('create-links', inside);

    await this.#enter('configure', inside);
    this.#show('configuring');
    if (this.#isNew) {
      await board.orAbort(workers.run(async () => kind.configure?.(node, config, inside)));
      for (const command of node.exec) await this.#exec(inside, command);
      await this.#markConfigured(kind, container);
    }
    await this.#leave('configure', inside);
    await this.#later(container.id, inside);
    this.#show(this.#isNew ? 'running' : 'kept');
  }

  #show(state: NodeState): void {
    this.#with.options.progress?.(this.node.name, state);
  }

  async #enter(stage: StageName, inside?: Inside): Promise<void> {
    const { waitFor } = this.node.stages[stage];
    await Promise.all(waitFor.map((wait) => this.#with.board.wait(wait.node, wait.stage)));
    await this.#stageExec(stage, false, inside);
  }

  async #leave(stage: StageName, inside?: Inside): Promise<void> {
    await this.#stageExec(stage, true, inside);
    this.#with.board.reach(this.node.name, stage);
  }

  async #stageExec(stage: StageName, onExit: boolean, inside: Inside | undefined): Promise<void> {
    for (const one of this.node.stages[stage].exec.filter((exec) => exec.onExit === onExit)) {
      if (one.onHost) await this.#execOnHost(one.command);
      else if (inside !== undefined) await this.#exec(inside, one.command);
    }
  }

  async #exec(inside: Inside, argv: readonly string[]): Promise<void> {
    const { exitCode, stdout, stderr } = await inside(argv);
    this.reports.push({ node: this.node.name, command: argv.join(' '), exitCode, stdout, stderr });
  }

  async #execOnHost(argv: readonly string[]): Promise<void> {
    const { stdout, stderr } = await run(argv as [string, ...string[]], { timeoutMs: 60_000 });
    this.reports.push({ node: this.node.name, command: argv.join(' '), exitCode: 0, stdout, stderr });
  }

  /** The running container of the node: the one that is there, or a new one. */
  async #start(kind: ContainerKind, config: string | undefined): Promise<ContainerDetail> {
    const { world, lab, before } = this.#with;
    const { node } = this;
    if (kind.isExternal) return this.#external();
    const wanted = containerConfig(lab, node, kind.parts(node));
    const present = before.find(({ labels: own }) => own[labels.node] === node.name);
    if (present === undefined) {
      await this.#write(kind, config);
      this.#show('creating');
      this.containerId = await world.control.createContainer(node.longName, wanted);
      this.made = true;
      this.#isNew = true;
      this.#show('starting');
    } else {
      if (present.labels[labels.hash] !== wanted.Labels[labels.hash]) {
        throw new LinecardError('LC_CONFLICT', `${present.name} was deployed from another text of the file`, {
          hint: 'linecard lab redeploy, or deploy --reconfigure, makes it anew',
        });
      }
      this.containerId = present.id;
      this.kept = true;
      this.#isNew = present.state !== 'running';
    }
    await world.control.startContainer(this.containerId);
    return world.engine.container(this.containerId);
  }

  /** A container that others have made and will remove. */
  async #external(): Promise<ContainerDetail> {
    const { longName } = this.node;
    const missing = (what: string) =>
      new LinecardError('LC_NOT_FOUND', `the container ${longName} ${what}`, {
        hint: `a node of kind ext-container is a container that runs already: docker start ${longName}`,
      });
    const container = await this.#with.world.engine.container(longName).catch(() => undefined);
    if (container === undefined) throw missing('is not there');
    if (!container.running) throw missing('does not run');
    this.kept = true;
    return container;
  }

  async #write(kind: ContainerKind, config: string | undefined): Promise<void> {
    for (const { path, text } of kind.files(this.node, config)) {
      const file = join(this.node.folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    // Docker would make what a bind lacks, but as an empty folder of root and without a word.
    for (const { source } of this.node.binds) {
      if (source.startsWith(this.#with.lab.folder)) await mkdir(source, { recursive: true });
    }
  }

  /** Resolves when the links of the node are there; true when none of them was there before. */
  async #wire(kind: ContainerKind, { pid }: ContainerDetail): Promise<boolean> {
    const { node } = this;
    const { board, lab, wiring } = this.#with;
    const linked = lab.links.some(
      (link) => link.a.node === node.name || (link.type === 'cable' && link.b.node === node.name),
    );
    if (!linked) return false;
    if (pid === undefined) {
      throw new LinecardError('LC_NOT_FOUND', 'its container has ended at once, so that no link can lead to it', {
        hint: `docker logs ${node.longName} tells why; a container needs a command that stays`,
      });
    }
    const netns = await board.orAbort(kind.netns(node, pid));
    return board.orAbort(wiring.ready(node.name, netns, this.made));
  }

  /**
   * The namespace where it is marked that a container has been configured, which lives as long as that: its own, when it
   * has one. Absent, too, when there is nothing that could have been left out.
   */
  #whereMarked(kind: ContainerKind, { pid }: ContainerDetail): { readonly path: string } | undefined {
    const { exec, networkMode } = this.node;
    const nothingToDo = kind.configure === undefined && exec.length === 0;
    const shares = /^(host$|container:)/.test(networkMode ?? '') || kind.isExternal === true;
    return nothingToDo || shares || pid === undefined ? undefined : { path: netnsPath({ pid }) };
  }

  async #isConfigured(kind: ContainerKind, container: ContainerDetail): Promise<boolean> {
    const netns = this.#whereMarked(kind, container);
    if (netns === undefined) return true;
    const { netlink } = this.#with.world;
    const netnsid = await netlink.netnsid(netns);
    return (await netlink.link('lo', { netnsid }))?.alias === configuredMark;
  }

  async #markConfigured(kind: ContainerKind, container: ContainerDetail): Promise<void> {
    const netns = this.#whereMarked(kind, container);
    if (netns === undefined) return;
    const mark = ['ip', 'link', 'set', 'dev', 'lo', 'alias', configuredMark];
    // A container that has ended by now has no namespace, and without the mark it is configured once more at worst.
    await run(['nsenter', `--net=${netns.path}`, '--', ...mark]).catch(() => undefined);
  }

  /** Follows the container to the stages that others wait for. */
  async #later(id: string, inside: Inside): Promise<void> {
    const { board, world } = this.#with;
    for (const stage of ['healthy', 'exit'] as const) {
      const asked =
        isAwaited(this.#with.lab.nodes, this.node.name, stage) ||
        this.node.stages[stage].exec.length > 0 ||
        this.node.stages[stage].waitFor.length > 0;
      if (!asked) continue;
      await this.#enter(stage);
      const deadline = performance.now() + stageTimeoutMs;
      while (!hasReached(await board.orAbort(world.engine.container(id)), stage)) {
        if (performance.now() > deadline)
          throw new LinecardError('LC_TIMEOUT', `not ${stage} within ${stageTimeoutMs / 1000} s`);
        await board.orAbort(delay(200));
      }
      if (stage === 'healthy') await this.#leave(stage, inside);
      else board.reach(this.node.name, stage);
    }
  }
}

/** A container without a health check is healthy as soon as it runs. */
function hasReached(container: ContainerDetail, stage: 'healthy' | 'exit'): boolean {
  if (stage === 'exit') return !container.running;
  return (
    container.running &&
    (container.health === undefined || container.health === 'healthy' || container.health === 'none')
  );
}

async function startupConfigOf(node: LabNode): Promise<string | undefined> {
  if (node.startupConfig === undefined) return undefined;
  const text = 'text' in node.startupConfig ? node.startupConfig.text : await readFile(node.startupConfig.file, 'utf8');
  return text.replaceAll('__clabNodeName__', node.name);
}
