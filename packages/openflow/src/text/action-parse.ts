import { fromHex } from '@linecard/wire';
import type { Action } from '../actions/index.js';
import { ports } from '../messages/shared.js';
import type { ActionContext, ActionParser } from './action-context.js';
import {
  enqueue,
  ipNumber,
  legacy,
  load,
  macNumber,
  move,
  parseSetField,
  popVlan,
  pushVlan,
  setField,
  transportPort,
  vlanId,
  vlanPriority,
} from './action-fields.js';
import { bundle, controller, multipath, output, outputTo, sample } from './action-outputs.js';
import { parseCt } from './ct-parse.js';
import { parseDecap, parseEncap } from './encap.js';
import { parseLearn } from './learn-parse.js';
import { badText } from './names.js';
import { type Item, splitItems } from './split.js';
import { parseBits } from './subfields.js';
import { parseInteger, parseNumber, parsePort } from './values.js';

function resubmit(text: string): Action {
  if (!text.includes(',')) return { type: 'nx_resubmit', in_port: parsePort(text) };
  const [port = '', table = '', tracked] = text.split(',').map((part) => part.trim());
  return {
    type: tracked === 'ct' ? 'nx_resubmit_table_ct' : 'nx_resubmit_table',
    in_port: port === '' ? ports.in_port : parsePort(port),
    table_id: table === '' ? 255 : parseInteger(table, 256),
  };
}

function note(text: string): Action {
  const bytes = fromHex(text.replaceAll('.', ''));
  const length = 6 + 8 * Math.ceil(Math.max(0, bytes.length - 6) / 8);
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return { type: 'nx_note', note: padded };
}

function conjunction(text: string): Action {
  const match = /^\s*(\w+)\s*,\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text);
  if (match === null) throw badText(`"conjunction(${text})"`, 'write it as conjunction(1,1/2)');
  return {
    type: 'nx_conjunction',
    id: parseInteger(match[1]!),
    clause: parseInteger(match[2]!, 257) - 1,
    n_clauses: parseInteger(match[3]!, 256),
  };
}

function checkLarger(text: string, { version }: ActionContext): Action {
  const match = /^(\d+)\)->(.+)$/.exec(text);
  if (match === null) throw badText(`"check_pkt_larger(${text}"`, 'write it as check_pkt_larger(1500)->NXM_NX_REG0[0]');
  const { field, start } = parseBits(match[2]!, version);
  return { type: 'nx_check_pkt_larger', pkt_len: parseInteger(match[1]!, 0x1_0000), dst_ofs: start, dst: field };
}

function finTimeout(text: string): Action {
  const options = new Map(splitItems(text).map((item) => [item.key, parseInteger(item.value ?? '', 0x1_0000)]));
  return {
    type: 'nx_fin_timeout',
    fin_idle_timeout: options.get('idle_timeout') ?? 0,
    fin_hard_timeout: options.get('hard_timeout') ?? 0,
  };
}

function stack(type: 'nx_stack_push' | 'nx_stack_pop'): ActionParser {
  return (text, { version }) => {
    const { field, start, count } = parseBits(text, version);
    return { type, field, start, n_bits: count };
  };
}

/** What 1.0 says with an action of Nicira's and later versions with one of their own. */
function either(old: (text: string) => Action, later: (text: string) => Action): ActionParser {
  return (text, { version }) => (version === 1 ? old(text) : later(text));
}

const int = parseInteger;

const parsers: Readonly<Record<string, ActionParser>> = {
  output,
  controller,
  enqueue,
  strip_vlan: popVlan,
  pop_vlan: popVlan,
  push_vlan: pushVlan,
  mod_vlan_vid: vlanId,
  set_vlan_vid: legacy(
    'vlan_vid',
    (text) => BigInt(0x1000 | int(text, 0x1000)),
    (vlan) => ({ type: 'set_vlan_vid', vlan_vid: vlan & 0xfff }),
  ),
  mod_vlan_pcp: vlanPriority,
  set_vlan_pcp: legacy(
    'vlan_pcp',
    (text) => BigInt(int(text, 8)),
    (vlan_pcp) => ({ type: 'set_vlan_pcp', vlan_pcp }),
  ),
  mod_dl_src: legacy('eth_src', macNumber, (addr) => ({ type: 'set_dl_src', addr })),
  mod_dl_dst: legacy('eth_dst', macNumber, (addr) => ({ type: 'set_dl_dst', addr })),
  mod_nw_src: legacy('ipv4_src', ipNumber, (addr) => ({ type: 'set_nw_src', addr })),
  mod_nw_dst: legacy('ipv4_dst', ipNumber, (addr) => ({ type: 'set_nw_dst', addr })),
  mod_nw_tos: (text, { version }) => {
    const tos = int(text, 256);
    return version === 1 ? { type: 'set_nw_tos', tos } : setField('ip_dscp', BigInt(tos >>> 2));
  },
  mod_nw_ecn: (text) => setField('ip_ecn', BigInt(int(text, 4))),
  mod_nw_ttl: (text) => ({ type: 'set_nw_ttl', ttl: int(text, 256) }),
  mod_tp_src: transportPort('src'),
  mod_tp_dst: transportPort('dst'),
  dec_ttl: (text, { version }) => {
    if (text !== '')
      return { type: 'nx_dec_ttl_cnt_ids', controllers: text.split(',').map((id) => int(id.trim(), 0x1_0000)) };
    return version === 1 ? { type: 'nx_dec_ttl' } : { type: 'dec_nw_ttl' };
  },
  copy_ttl_in: () => ({ type: 'copy_ttl_in' }),
  copy_ttl_out: () => ({ type: 'copy_ttl_out' }),
  push_mpls: either(
    (text) => ({ type: 'nx_push_mpls', ethertype: int(text, 0x1_0000) }),
    (text) => ({ type: 'push_mpls', ethertype: int(text, 0x1_0000) }),
  ),
  pop_mpls: either(
    (text) => ({ type: 'nx_pop_mpls', ethertype: int(text, 0x1_0000) }),
    (text) => ({ type: 'pop_mpls', ethertype: int(text, 0x1_0000) }),
  ),
  set_mpls_label: either(
    (text) => ({ type: 'nx_set_mpls_label', label: int(text, 0x10_0000) }),
    (text) => setField('mpls_label', BigInt(int(text, 0x10_0000))),
  ),
  set_mpls_tc: either(
    (text) => ({ type: 'nx_set_mpls_tc', tc: int(text, 8) }),
    (text) => setField('mpls_tc', BigInt(int(text, 8))),
  ),
  set_mpls_ttl: either(
    (text) => ({ type: 'nx_set_mpls_ttl', ttl: int(text, 256) }),
    (text) => ({ type: 'set_mpls_ttl', ttl: int(text, 256) }),
  ),
  dec_mpls_ttl: either(
    () => ({ type: 'nx_dec_mpls_ttl' }),
    () => ({ type: 'dec_mpls_ttl' }),
  ),
  set_queue: either(
    (text) => ({ type: 'nx_set_queue', queue_id: int(text) }),
    (text) => ({ type: 'set_queue', queue_id: int(text) }),
  ),
  group: either(
    (text) => ({ type: 'nx_group', group_id: int(text) }),
    (text) => ({ type: 'group', group_id: int(text) }),
  ),
  meter: (text) => ({ type: 'meter', meter_id: int(text) }),
  set_field: parseSetField,
  load,
  move,
  resubmit,
  note,
  conjunction,
  multipath,
  bundle: (text, context) => bundle(text, context, false),
  bundle_load: (text, context) => bundle(text, context, true),
  sample,
  set_tunnel: either(
    (text) => ({ type: 'nx_set_tunnel', tun_id: int(text) }),
    (text) => setField('tunnel_id', BigInt(int(text))),
  ),
  set_tunnel64: either(
    (text) => ({ type: 'nx_set_tunnel64', tun_id: parseNumber(text) }),
    (text) => setField('tunnel_id', parseNumber(text)),
  ),
  pop_queue: () => ({ type: 'nx_pop_queue' }),
  exit: () => ({ type: 'nx_exit' }),
  ct_clear: () => ({ type: 'nx_ct_clear' }),
  ct: (text, context) => parseCt(text, context, parseActions),
  clone: (text, context) => ({ type: 'nx_clone', actions: parseActions(text, context) }),
  learn: (text, { version }) => parseLearn(text, version),
  fin_timeout: finTimeout,
  push: stack('nx_stack_push'),
  pop: stack('nx_stack_pop'),
  check_pkt_larger: checkLarger,
  delete_field: (text, { version }) => ({ type: 'nx_delete_field', field: parseBits(text, version).field }),
  encap: parseEncap,
  decap: parseDecap,
  dec_nsh_ttl: () => ({ type: 'nx_dec_nsh_ttl' }),
  drop: () => [],
};

/** The actions that one item means. */
export function actionsOfItem(item: Item, context: ActionContext): readonly Action[] {
  const key = item.key.toLowerCase();
  const parser = parsers[key];
  if (parser !== undefined) {
    const actions = parser(item.value ?? '', context);
    return Array.isArray(actions) ? actions : [actions as Action];
  }
  if (item.value === undefined && (/^(\d+|0x[0-9a-f]+)$/.test(key) || key in ports)) {
    return [outputTo(parsePort(key))];
  }
  throw badText(`there is no action "${item.text}"`, 'ovs-actions(7) lists all');
}

/** Actions of a text in the syntax of ovs-actions(7). Throws `LC_INVALID`. */
export function parseActions(text: string, context: Partial<ActionContext> = {}): readonly Action[] {
  const full: ActionContext = { version: 4, tag: { present: false }, ...context };
  return splitItems(text).flatMap((item) => actionsOfItem(item, full));
}
