import { encode, type KnownField, type Match, type MatchField } from '@linecard/openflow';

/**
 * A match without masks that say nothing: a mask of all ones, and a field of which no bit counts. Bits that do not
 * count are cleared. Switches do the same.
 */
export function normalMatch(match: Match): Match {
  return match.some((field) => field.field !== 'unknown' && field.mask !== undefined)
    ? match.flatMap(normalField)
    : match;
}

function normalField(field: MatchField): MatchField[] {
  if (field.field === 'unknown') return [field];
  const { value, mask } = field;
  if (typeof value !== 'number' || typeof mask !== 'number') return [field];
  if (mask === 0) return [];
  const { mask: _, ...exact } = field;
  return mask === 2 ** bitsOf(field) - 1 ? [exact] : [{ ...field, value: Number(BigInt(value) & BigInt(mask)) }];
}

/** Fields that do not fill their bytes. */
const partial: Readonly<Record<string, number>> = { vlan_vid: 13, tcp_flags: 12, ipv6_flabel: 20 };

/** Where the length of the first match field stands in a flow-mod of OpenFlow 1.3: header, 40 bytes, match, OXM. */
const lengthAt = 8 + 40 + 4 + 3;

function bitsOf({ field }: KnownField): number {
  return partial[field] ?? 8 * encode({ type: 'flow_mod', version: 4, match: [{ field, value: 0 }] })[lengthAt]!;
}

/** What two matches that mean the same have in common, whatever words the switch uses for it. */
export function matchKey(match: Match): string {
  const untagged = match.some((field) => field.field === 'vlan_vid' && field.value === 0 && field.mask === undefined);
  // A packet without a tag has no priority in it, but Open vSwitch tells one in OpenFlow 1.0.
  const meant = untagged ? match.filter((field) => field.field !== 'vlan_pcp') : match;
  return meant.flatMap(asRegisters).map(fieldText).sort().join();
}

/** Open vSwitch tells of reg0 and reg1 as the halves of xreg0 in OpenFlow 1.5. */
function asRegisters(field: MatchField): MatchField[] {
  const number = field.field === 'unknown' ? undefined : /^xreg(\d)$/.exec(field.field)?.[1];
  if (field.field === 'unknown' || number === undefined || typeof field.value !== 'bigint') return [field];
  const value = field.value;
  const mask = typeof field.mask === 'bigint' ? field.mask : 0xffff_ffff_ffff_ffffn;
  const half = (which: 0 | 1): MatchField => {
    const part = (bits: bigint) => Number(BigInt.asUintN(32, which === 0 ? bits >> 32n : bits));
    return { field: `reg${2 * Number(number) + which}` as 'reg0', value: part(value), mask: part(mask) };
  };
  return normalMatch([half(0), half(1)]) as MatchField[];
}

function fieldText(field: MatchField): string {
  if (field.field === 'unknown') return `${field.header}=${valueText(field.value)}`;
  return `${field.field}=${valueText(field.value)}${field.mask === undefined ? '' : `/${valueText(field.mask)}`}`;
}

function valueText(value: number | bigint | Uint8Array): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value.toString(16);
}
