import type { MessageOf } from '../messages/types.js';

/** The kinds of asynchronous messages with the names of their reasons, as ovs-ofctl lists them. */
const kinds: readonly (readonly [kind: string, reasons: readonly string[]])[] = [
  ['packet_in', ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out']],
  ['port_status', ['add', 'delete', 'modify']],
  ['flow_removed', ['idle', 'hard', 'delete', 'group_delete', 'meter_delete', 'eviction']],
  ['role_status', ['primary_request', 'configuration_changed', 'experimenter_data_changed']],
  ['table_status', ['', '', '', 'vacancy_down', 'vacancy_up']],
  ['requestforward', ['group_mod_request', 'meter_mod_request']],
];

type AsyncMessage =
  | MessageOf<'set_async'>
  | MessageOf<'get_async_reply'>
  | MessageOf<'nx_set_async_config'>
  | MessageOf<'nx_set_async_config2'>;

/** Masks by kind and role, `packet_in_master`, wherever the version keeps them. */
function masksOf(m: AsyncMessage): ReadonlyMap<string, number> {
  if (!('properties' in m) || m.properties === undefined) {
    return new Map(Object.entries(m).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
  }
  return new Map(m.properties.flatMap((one): [string, number][] => ('mask' in one ? [[one.type, one.mask]] : [])));
}

function reasonsText(mask: number, names: readonly string[]): string {
  const set = names.filter((name, bit) => name !== '' && ((mask >>> bit) & 1) === 1);
  return set.length === 0 ? '(off)' : set.join(' ');
}

function roleLines(title: string, role: string, m: AsyncMessage): string[] {
  const masks = masksOf(m);
  // Reasons from action_set on are of 1.4.
  const known = m.version < 5 ? 3 : 6;
  const line = ([kind, names]: (typeof kinds)[number]): string => {
    const mask = masks.get(`${kind}_${role}`) ?? 0;
    return `${kind.toUpperCase().padStart(16)}: ${reasonsText(mask, kind === 'packet_in' ? names.slice(0, known) : names)}`;
  };
  return [` ${title}:`, ...kinds.map(line)];
}

/** Which asynchronous messages are wanted, behind the header. */
export function formatAsync(m: AsyncMessage): string {
  return ['', ...roleLines('primary', 'master', m), '', ...roleLines('secondary', 'slave', m)].join('\n');
}
