import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../src/app.js';
import { Controller, type ControllerOptions } from '../src/controller.js';
import type { SwitchSession } from '../src/switch-session.js';
import { type ModelOptions, ModelSwitch } from './model-switch.js';

/** A controller on a unix socket of its own, and switches in memory that connect to it. */
export class Bed {
  readonly controller: Controller;
  readonly path: string;
  readonly #dir: string;
  readonly #models: ModelSwitch[] = [];

  private constructor(controller: Controller, dir: string) {
    this.controller = controller;
    this.#dir = dir;
    this.path = join(dir, 'controller.sock');
  }

  static async make(options: ControllerOptions = {}, ...apps: App[]): Promise<Bed> {
    const bed = new Bed(new Controller(options), await mkdtemp(join(tmpdir(), 'linecard-controller-')));
    for (const app of apps) bed.controller.use(app);
    await bed.controller.listen(`unix:${bed.path}`);
    return bed;
  }

  /** A switch that connects. */
  model(options: ModelOptions = {}): ModelSwitch {
    const model = new ModelSwitch(this.path, options);
    this.#models.push(model);
    return model;
  }

  /** A switch that has connected, with its session. */
  async up(options: ModelOptions = {}): Promise<{ model: ModelSwitch; sw: SwitchSession }> {
    const up = once(this.controller, 'up') as Promise<[SwitchSession]>;
    const model = this.model(options);
    const [sw] = await up;
    return { model, sw };
  }

  async close(): Promise<void> {
    for (const model of this.#models) model.socket.destroy();
    await this.controller.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
