import type { AppScope } from './app-host.js';
import type { Controller } from './controller.js';
import { type LoadOptions, loadApp, watchApp } from './load-app.js';

/** How {@link runAppFile} runs an app. */
export interface AppFileOptions extends LoadOptions {
  /** The switches that it rules; all when absent. */
  readonly scope?: AppScope;
  /** Loads the file anew whenever it changes: for development. Told how that went; an error keeps the app of before. */
  readonly onReload?: (error?: unknown) => void;
}

/** Lets the app of a file rule the switches of a controller. The answer ends it. Throws what {@link loadApp} throws. */
export async function runAppFile(controller: Controller, path: string, options: AppFileOptions): Promise<() => void> {
  let app = await loadApp(path, options);
  controller.use(app, options.scope);
  const { onReload } = options;
  if (onReload === undefined) return () => controller.remove(app);

  let turn = Promise.resolve();
  async function reload(): Promise<void> {
    try {
      const next = await loadApp(path, options);
      controller.replace(app, next);
      app = next;
      onReload?.();
    } catch (error) {
      onReload?.(error);
    }
  }
  const stop = watchApp(path, () => {
    turn = turn.then(reload);
  });
  return () => {
    stop();
    controller.remove(app);
  };
}
