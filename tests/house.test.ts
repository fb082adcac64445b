import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '@linecard/wire';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const rooms = readdirSync(join(root, 'packages'));

/** The direction of the house: a room may import from rooms of lower levels only. */
const levels: Readonly<Record<string, number>> = {
  wire: 0,
  ovsdb: 1,
  openflow: 1,
  packet: 1,
  linux: 1,
  docker: 1,
  switch: 2,
  controller: 2,
  ovn: 2,
  driver: 3,
  lab: 3,
  api: 3,
  daemon: 4,
  cli: 5,
  testkit: 6,
};

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function manifest(room: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', room, 'package.json'), 'utf8')) as Manifest;
}

function sources(room: string): string[] {
  const folder = join(root, 'packages', room, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .filter((path) => !path.startsWith('testing/') && !path.endsWith('.fixture.ts'))
    .map((path) => join(folder, path));
}

/** The packages that a file imports: `@linecard/wire` of `from '@linecard/wire'`, nothing for `./x.js` and `node:`. */
function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+'([^']+)'|import\(\s*'([^']+)'/g)];
  const names = found.map((match) => match[1] ?? match[2] ?? '');
  const packages = names.filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
  return packages.map((name) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  );
}

/** The files of a room by what each imports of the others. */
function walls(room: string): ReadonlyMap<string, readonly string[]> {
  const inner = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)\.js'/g)].map((match) =>
      join(dirname(file), `${match[1]}.ts`),
    );
  return new Map(sources(room).map((file) => [file, inner(file)]));
}

/** The files that stand in circles: what is left when first and last ones are taken away, again and again. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map(graph);
  const isLast = (file: string) => !left.get(file)!.some((one) => left.has(one));
  const isFirst = (file: string) => ![...left.values()].some((next) => next.includes(file));
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const file of [...left.keys()]) if (isLast(file) || isFirst(file)) left.delete(file);
  }
  return [...left.keys()];
}

describe.each(rooms)('room %s', (room) => {
  const used = new Set(sources(room).flatMap(imports));
  const declared = new Set(Object.keys(manifest(room).dependencies ?? {}));

  it('declares what it imports, and nothing else', () => {
    expect([...used].sort()).toEqual([...declared].sort());
  });

  it('imports from lower levels only', () => {
    const neighbours = [...used].filter((name) => name.startsWith('@linecard/')).map((name) => name.slice(10));
    expect(levels[room], `${room} has a level`).toBeDefined();
    for (const neighbour of neighbours)
      expect(levels[neighbour], `${room} -> ${neighbour}`).toBeLessThan(levels[room]!);
  });

  it('has no files that import one another in a circle', () => {
    expect(circles(walls(room))).toEqual([]);
  });

  it('refers to the same rooms in its tsconfig', () => {
    const config = JSON.parse(readFileSync(join(root, 'packages', room, 'tsconfig.json'), 'utf8')) as {
      references: { path: string }[];
    };
    const referred = config.references.map(({ path }) => path.replace('../', '@linecard/'));
    expect(referred.sort()).toEqual([...declared].filter((name) => name.startsWith('@linecard/')).sort());
  });
});

describe('documents', () => {
  it('list every error code with its meaning, and no other', () => {
    const rows = readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `(LC_\w+)` \| ([^|]+) \|/gm);
    expect(Object.fromEntries([...rows].map(([, code, meaning]) => [code, meaning!.trim()]))).toEqual(errorCodes);
  });

  it('explain every library that is depended on in one line of ARCHITECTURE.md', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const libraries = new Set(
      rooms
        .flatMap((room) => Object.keys(manifest(room).dependencies ?? {}))
        .filter((name) => !name.startsWith('@linecard')),
    );
    for (const library of libraries) expect(text, library).toMatch(new RegExp(`^\\| \`${library}\` \\|`, 'm'));
  });
});
