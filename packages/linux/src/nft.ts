import { LinecardError } from '@linecard/wire';
import { CommandError, isMissingProgram, type RunOptions, run } from './run.js';

/** Families of nftables tables (nft(8)). */
export type NftFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** A table of nftables. */
export interface NftTable {
  readonly family: NftFamily;
  readonly name: string;
}

/** One object of `nft -j list table`, as libnftables-json(5) describes it: `{ chain: {...} }`, `{ rule: {...} }`... */
export type NftObject = Readonly<Record<string, unknown>>;

const TIMEOUT: RunOptions = { timeoutMs: 10_000 };
const NOT_THERE = /No such file or directory/;

/**
 * Applies a ruleset in the syntax of nft(8) as one transaction: all of it or nothing. To replace a table write
 * `table inet x {}`, `delete table inet x` and the new table into one ruleset. Throws `LC_COMMAND`.
 */
export async function applyNft(ruleset: string): Promise<void> {
  await run(['nft', '-f', '-'], { ...TIMEOUT, input: ruleset });
}

/** The objects of a table, without the line about nft itself; undefined when there is no such table or no nft. */
export async function listNft(table: NftTable): Promise<readonly NftObject[] | undefined> {
  const result = await missingIsUndefined(run(['nft', '-j', 'list', 'table', ...tableArguments(table)], TIMEOUT));
  if (result === undefined) return undefined;
  const parsed: unknown = JSON.parse(result.stdout);
  const objects = (parsed as { nftables?: NftObject[] }).nftables;
  if (!Array.isArray(objects)) throw new LinecardError('LC_PROTOCOL', 'nft -j wrote something else than its JSON form');
  return objects.filter((one) => !('metainfo' in one));
}

/** Deletes a table with all that is in it; false when it was not there. */
export async function deleteNftTable(table: NftTable): Promise<boolean> {
  return (await missingIsUndefined(run(['nft', 'delete', 'table', ...tableArguments(table)], TIMEOUT))) !== undefined;
}

function tableArguments({ family, name }: NftTable): readonly [string, string] {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,254}$/.test(name)) {
    throw new LinecardError('LC_INVALID', `"${name.slice(0, 40)}" is not a name for a table of nftables`);
  }
  return [family, name];
}

async function missingIsUndefined<T>(done: Promise<T>): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    if (isMissingProgram(error) || (error instanceof CommandError && NOT_THERE.test(error.stderr))) return undefined;
    throw error;
  }
}
