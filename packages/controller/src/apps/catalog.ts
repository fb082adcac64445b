import { LinecardError } from '@linecard/wire';
import type { App } from '../app.js';
import { hub } from './hub.js';
import { type KnockOptions, knock } from './knock.js';
import { learningSwitch } from './learning-switch.js';

/** What a shipped app may use of the world around it. */
export type AppSurroundings = Pick<KnockOptions, 'portOf' | 'onPortsChanged' | 'log'>;

type Texts = Readonly<Record<string, string>>;

interface Shipped {
  /** The options that it knows; numbers with their least and largest value. */
  readonly options: Readonly<Record<string, 'text' | readonly [least: number, largest: number]>>;
  make(options: Readonly<Record<string, string | number>>, around: AppSurroundings): App;
}

const shipped: Readonly<Record<string, Shipped>> = {
  hub: { options: { table: [0, 253] }, make: (options) => hub(options) },
  'learning-switch': {
    options: { table: [0, 253], idleTimeout: [0, 65_535], ageing: [2, 65_535], maxAddresses: [2, 1_000_000] },
    make: (options) => learningSwitch(options),
  },
  knock: {
    options: { guarded: 'text', free: 'text', name: 'text', openSeconds: [0, 65_535] },
    make: (options, around) => knock({ ...options, ...around }),
  },
};

/** The names of the apps that come along. */
export const shippedApps: readonly string[] = Object.keys(shipped);

/**
 * An app that comes along, by name, with options as text. Throws `LC_NOT_FOUND` for an unknown name and `LC_INVALID`
 * for an option that it does not know or that is out of range.
 */
export function shippedApp(name: string, options: Texts = {}, around: AppSurroundings = {}): App {
  const found = Object.hasOwn(shipped, name) ? shipped[name] : undefined;
  if (found === undefined) {
    throw new LinecardError('LC_NOT_FOUND', `there is no app "${name}"`, {
      hint: `there are ${shippedApps.join(', ')}, and files of your own`,
    });
  }
  const entries = Object.entries(options).map(([key, text]) => [key, readOption(name, found, key, text)] as const);
  return found.make(Object.fromEntries(entries), around);
}

function readOption(app: string, { options }: Shipped, key: string, text: string): string | number {
  const kind = Object.hasOwn(options, key) ? options[key] : undefined;
  if (kind === undefined) {
    const hint = `it has ${Object.keys(options).join(', ')}`;
    throw new LinecardError('LC_INVALID', `the app "${app}" has no option "${key}"`, { hint });
  }
  if (kind === 'text') return text;
  const [least, largest] = kind;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= largest) return value;
  throw new LinecardError('LC_INVALID', `"${text}" is no ${key} for the app "${app}"`, {
    hint: `allowed are ${least} to ${largest}`,
  });
}
