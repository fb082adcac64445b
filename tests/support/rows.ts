import type { Bed } from '@linecard/testkit';

/** A value as OVSDB writes it (RFC 7047, section 5.1), with sets as arrays and maps as objects. */
type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
/** One row of a table, as `ovs-vsctl list` tells it. */
export interface Row {
  readonly [column: string]: Value | undefined;
}

function plain(value: unknown): Value {
  if (!Array.isArray(value)) return value as Value;
  const [kind, content] = value as [string, unknown];
  if (kind === 'set') return (content as unknown[]).map(plain);
  if (kind === 'map') return Object.fromEntries((content as [string, unknown][]).map(([k, v]) => [k, plain(v)]));
  return String(content);
}

/** All rows of a table of Open vSwitch. An optional column without a value is an empty array. */
export async function rows(bed: Bed, table: string): Promise<Row[]> {
  const { headings, data } = JSON.parse(await bed.vsctl('--format=json', 'list', table)) as {
    headings: string[];
    data: unknown[][];
  };
  return data.map((cells) => Object.fromEntries(headings.map((name, i) => [name, plain(cells[i])])));
}

/** The external_ids of a row. */
export function idsOf(row: Row): Readonly<Record<string, string>> {
  return (row.external_ids ?? {}) as Record<string, string>;
}

/** The elements of a column that is a set: OVSDB writes a set of one as its element. */
export function setOf(value: Value | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** The OpenFlow port number of each container on a bridge, by container name; -1 where there is none. */
export async function numbers(bed: Bed, bridge: string): Promise<Record<string, number>> {
  const [bridges, ports, interfaces] = await Promise.all([
    rows(bed, 'Bridge'),
    rows(bed, 'Port'),
    rows(bed, 'Interface'),
  ]);
  const members = new Set(setOf(bridges.find(({ name }) => name === bridge)?.ports));
  const devices = new Set(
    ports.filter(({ _uuid }) => members.has(String(_uuid))).flatMap(({ interfaces }) => setOf(interfaces)),
  );
  const mine = interfaces.filter((row) => devices.has(String(row._uuid)) && idsOf(row)['container-name'] !== undefined);
  return Object.fromEntries(
    mine
      .map((row) => [idsOf(row)['container-name']!, typeof row.ofport === 'number' ? row.ofport : -1] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}
