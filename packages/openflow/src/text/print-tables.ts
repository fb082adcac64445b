import type { ReplyBody } from '../messages/types.js';
import { type ActionFeatures, noPath, type Path, statsOf, type Table, tableOf } from './table-model.js';

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Tables that follow each other lead on to the same ones when only the later of the two is missing in its own list. */
function sameNext(a: Table, nextA: readonly number[], b: Table, nextB: readonly number[]): boolean {
  if (b.id === a.id + 1 && nextA.includes(b.id) && !nextB.includes(b.id)) {
    return same(
      nextA.filter((id) => id !== b.id),
      nextB,
    );
  }
  if (a.id === b.id + 1 && nextB.includes(a.id) && !nextA.includes(a.id)) return sameNext(b, nextB, a, nextA);
  return same(nextA, nextB);
}

function samePath(a: Table, pathA: Path, b: Table, pathB: Path): boolean {
  const { next: nextA, ...restA } = pathA;
  const { next: nextB, ...restB } = pathB;
  return sameNext(a, nextA, b, nextB) && same(restA, restB);
}

const samePaths = (a: Table, b: Table): boolean => samePath(a, a.hit, b, b.hit) && samePath(a, a.miss, b, b.miss);

function sameFeatures(a: Table, b: Table): boolean {
  return same([a.head, a.matching], [b.head, b.matching]) && samePaths(a, b);
}

/** `1-3,5`. */
function ranges(ids: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const id of ids) {
    const last = parts.at(-1);
    if (last !== undefined && last[1] === id - 1) last[1] = id;
    else parts.push([id, id]);
  }
  return parts.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

function actionLines({ actions, fields }: ActionFeatures): string[] {
  return [
    ...(actions === '' ? [] : [`        actions: ${actions}`]),
    ...(fields === '' ? [] : [`        supported on Set-Field: ${fields}`]),
  ];
}

function actionsOfPath({ write, apply }: Path, before: Path | undefined): string[] {
  if (before !== undefined && same([write, apply], [before.write, before.apply]) && write.fields !== '') {
    return ['      (same actions)'];
  }
  if (!same(write, apply)) {
    const [first, second] = [actionLines(write), actionLines(apply)];
    return ['      Write-Actions features:', ...first, '      Apply-Actions features:', ...second];
  }
  const lines = actionLines(write);
  return lines.length === 0 ? [] : ['      Write-Actions and Apply-Actions features:', ...lines];
}

function pathLines(path: Path, before: Path | undefined): string[] {
  const repeated = path.instructions === before?.instructions;
  return [
    ...(path.next.length === 0 ? [] : [`      next tables: ${ranges(path.next)}`]),
    ...(path.instructions === ''
      ? []
      : [repeated ? '      (same instructions)' : `      instructions: ${path.instructions}`]),
    ...actionsOfPath(path, before),
  ];
}

function pathsLines(table: Table, before: Table | undefined): string[] {
  const { hit, miss } = table;
  const isEmpty = same(hit, noPath);
  if (before !== undefined && samePaths(table, before)) return isEmpty ? [] : ['    (same instructions)'];
  if (!same(hit, miss)) {
    const missing = pathLines(miss, before?.miss);
    const other = pathLines(hit, before?.hit);
    return ['    instructions (other than table miss):', ...other, '    instructions (table miss):', ...missing];
  }
  return isEmpty ? [] : ['    instructions (table miss and others):', ...pathLines(hit, before?.hit)];
}

function matchLines(table: Table, before: Table | undefined): string[] {
  if (table.matching.length === 0) return [];
  return same(table.matching, before?.matching) ? ['    (same matching)'] : ['    matching:', ...table.matching];
}

function isFeatureless({ head, hit, miss, matching }: Table): boolean {
  return head.length === 0 && matching.length === 0 && same([hit, miss], [noPath, noPath]);
}

function tableLines(table: Table, before: Table | undefined): string[] {
  const title = `  table ${table.id}${table.name === '' ? '' : ` ("${table.name}")`}:`;
  const stats = table.stats === '' ? [] : [table.stats];
  if (before === undefined || !sameFeatures(table, before)) {
    return [title, ...stats, ...table.head, ...pathsLines(table, before), ...matchLines(table, before), ''];
  }
  if (table.stats === before.stats) return [`${title} ditto`];
  return [title, ...stats, ...(isFeatureless(table) ? [] : ['    (same features)']), ''];
}

function isDitto(table: Table, before: Table | undefined): boolean {
  return before !== undefined && table.name === '' && table.stats === before.stats && sameFeatures(table, before);
}

function dittoLine(first: number, last: number): string {
  return first === last ? `  table ${first}: ditto` : `  tables ${first}...${last}: ditto`;
}

/** Tables as ovs-ofctl prints them: those that are as the one before them take a line together. */
function formatTables(tables: readonly Table[]): string {
  const lines: string[] = [];
  for (let at = 0; at < tables.length; ) {
    let end = at;
    while (end < tables.length && isDitto(tables[end]!, tables[end - 1])) end++;
    if (end > at) lines.push(dittoLine(tables[at]!.id, tables[end - 1]!.id), '');
    else lines.push(...tableLines(tables[end++]!, tables[at - 1]));
    at = end;
  }
  return lines.map((line) => `\n${line}`).join('');
}

/** What tables can do, behind the header. */
export function formatTableFeatures(tables: ReplyBody<'table_features'>, version: number): string {
  return formatTables(tables.map((table) => tableOf(table, version)));
}

/** Counters of tables, behind the header. */
export function formatTableStats(tables: ReplyBody<'table'>): string {
  return formatTables(tables.map(statsOf));
}
