import { readFileSync } from 'node:fs';

/** Linecard's version: all rooms have the same. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
