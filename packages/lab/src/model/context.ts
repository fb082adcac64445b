import type { rawTopology } from '../file/schema.js';
import type { Place, Problem, Source } from '../file/source.js';

/** What resolving a file needs to know, and where it puts the problems that it finds. */
export interface Context {
  readonly source: Source<typeof rawTopology>;
  /** The folder of the topology file, absolute. */
  readonly base: string;
  /** The folder of the lab, absolute. */
  readonly folder: string;
  readonly lab: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exists: (path: string) => boolean;
  readonly read: (path: string) => string;
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** Notes a problem and goes on, so that a person sees all of them at once. */
export function problem(context: Context, place: Place, text: string, hint?: string): void {
  context.problems.push({ place, text, hint });
}

/** The result of `work`; what it throws becomes a problem at `place`, and undefined is returned. */
export function attempt<T>(context: Context, place: Place, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    problem(context, place, message, hint);
    return undefined;
  }
}

/** Notes what is taken and has no effect, or another one than its writer may think. */
export function warn(context: Context, place: Place, text: string): void {
  context.warnings.push(`${context.source.where(place)}: ${text}`);
}
