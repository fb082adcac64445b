import { LinecardError } from '@linecard/wire';
import { OvsdbError } from './errors.js';
import type { OvsdbSession } from './session.js';

/** The transaction ID that no server has: asks for everything. */
export const noTransaction = '00000000-0000-0000-0000-000000000000';

/** What a monitor reply or notification says, whichever of the three monitor methods it came by. */
export interface MonitorUpdate {
  /** Whether `updates` is the whole content rather than a difference. */
  readonly whole: boolean;
  /** The transaction up to which this goes; `noTransaction` when the server does not say. */
  readonly lastTransaction: string;
  /** `<table-updates>` or `<table-updates2>`: rows by UUID by table. */
  readonly updates: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A request for a copy of some columns of some tables. */
export interface MonitorRequest {
  readonly database: string;
  /** Names the monitor in the server's notifications. */
  readonly id: string;
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** The transaction up to which the caller has everything, or `noTransaction`. */
  readonly since: string;
}

const timeoutMs = 60_000;

/**
 * Begins a monitor by the best method that the server has: `monitor_cond_since` (OVS 2.12), `monitor_cond` (2.6), both
 * of ovsdb-server(7), or `monitor` (RFC 7047, section 4.1.5). Its reply is the first update.
 */
export async function beginMonitor(session: OvsdbSession, request: MonitorRequest): Promise<MonitorUpdate> {
  const { database, id, columns, since } = request;
  const tables = Object.fromEntries([...columns].map(([table, names]) => [table, [{ columns: names }]]));
  const params = [database, id, tables];
  const result = await orUnknown(session.call('monitor_cond_since', [...params, since], { timeoutMs }));
  if (result !== unknownMethod) return readSince(result);
  const conditional = await orUnknown(session.call('monitor_cond', params, { timeoutMs }));
  const updates = conditional === unknownMethod ? await session.call('monitor', params, { timeoutMs }) : conditional;
  return { whole: true, lastTransaction: noTransaction, updates: readTables(updates) };
}

/** The update in a notification for monitor `id`; undefined when the notification is none, or another's. */
export function readNotification(id: string, method: string, params: readonly unknown[]): MonitorUpdate | undefined {
  if (params[0] !== id) return undefined;
  if (method === 'update3') {
    return { whole: false, lastTransaction: readTransaction(params[1]), updates: readTables(params[2]) };
  }
  if (method !== 'update2' && method !== 'update') return undefined;
  return { whole: false, lastTransaction: noTransaction, updates: readTables(params[1]) };
}

const unknownMethod = Symbol('unknown method');

async function orUnknown(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof OvsdbError && error.error === 'unknown method') return unknownMethod;
    throw error;
  }
}

function readSince(result: unknown): MonitorUpdate {
  if (!Array.isArray(result) || typeof result[0] !== 'boolean') {
    throw new LinecardError('LC_PROTOCOL', 'the reply to monitor_cond_since is malformed');
  }
  return { whole: !result[0], lastTransaction: readTransaction(result[1]), updates: readTables(result[2]) };
}

function readTransaction(id: unknown): string {
  return typeof id === 'string' ? id : noTransaction;
}

function readTables(updates: unknown): MonitorUpdate['updates'] {
  if (!isObject(updates) || !Object.values(updates).every(isObject)) {
    throw new LinecardError('LC_PROTOCOL', 'the updates of a monitor are malformed');
  }
  return updates as MonitorUpdate['updates'];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
