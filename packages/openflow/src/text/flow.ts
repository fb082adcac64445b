import type { Action } from '../actions/index.js';
import type { Instruction } from '../instructions.js';
import { DEFAULT_PRIORITY, flowFlags } from '../messages/shared.js';
import type { MessageInitOf, Version } from '../messages/types.js';
import type { Match } from '../oxm.js';
import type { ActionContext } from './action-context.js';
import { formatActions, formatInstructions } from './action-format.js';
import { actionsOfItem } from './action-parse.js';
import { formatMatch } from './match-format.js';
import { matchOfItems } from './match-parse.js';
import { badText } from './names.js';
import { type Item, splitItems } from './split.js';
import { parseInteger, parseNumber, parsePort } from './values.js';

/** What a flow is, as text tells it: the properties that flow-mods and flow statistics share. */
export interface Flow {
  readonly version?: Version;
  readonly table_id?: number;
  readonly priority?: number;
  readonly cookie?: bigint;
  readonly idle_timeout?: number;
  readonly hard_timeout?: number;
  readonly importance?: number;
  readonly flags?: number;
  readonly match?: Match;
  /** OpenFlow 1.0. */
  readonly actions?: readonly Action[];
  /** Later versions. */
  readonly instructions?: readonly Instruction[];
}

const flagTexts = [
  ['send_flow_rem', flowFlags.send_flow_rem],
  ['check_overlap', flowFlags.check_overlap],
  ['reset_counts', flowFlags.reset_counts],
  ['no_packet_counts', flowFlags.no_packet_counts],
  ['no_byte_counts', flowFlags.no_byte_counts],
] as const;

/** The names of flags of a flow, as ovs-ofctl writes them. */
export function formatFlowFlags(flags: number): string[] {
  return flagTexts.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}

/** What a flow does: its instructions, or the actions of OpenFlow 1.0. */
export function formatFlowActions(flow: Flow): string {
  const options = { version: flow.version ?? 4 };
  if (flow.instructions !== undefined) return formatInstructions(flow.instructions, options);
  return formatActions(flow.actions ?? [], options);
}

/** `table=0, cookie=0x1, priority=10,ip actions=drop`: a line that ovs-ofctl add-flow takes. */
export function formatFlow(flow: Flow): string {
  const options = [
    ...(flow.table_id ? [`table=${flow.table_id}`] : []),
    ...(flow.cookie ? [`cookie=0x${flow.cookie.toString(16)}`] : []),
    ...(flow.idle_timeout ? [`idle_timeout=${flow.idle_timeout}`] : []),
    ...(flow.hard_timeout ? [`hard_timeout=${flow.hard_timeout}`] : []),
    ...(flow.importance ? [`importance=${flow.importance}`] : []),
    ...formatFlowFlags(flow.flags ?? 0),
  ];
  const match = formatMatch(flow.match ?? [], {
    version: flow.version ?? 4,
    priority: flow.priority ?? DEFAULT_PRIORITY,
  });
  return `${[...options, match].filter((part) => part !== '').join(',')} actions=${formatFlowActions(flow)}`.trimStart();
}

interface Parsed {
  table_id?: number;
  priority?: number;
  cookie?: bigint;
  cookie_mask?: bigint;
  idle_timeout?: number;
  hard_timeout?: number;
  importance?: number;
  out_port?: number;
  out_group?: number;
  flags?: number;
}

const options: Readonly<Record<string, (flow: Parsed, text: string) => void>> = {
  table: (flow, text) => {
    flow.table_id = parseInteger(text, 256);
  },
  priority: (flow, text) => {
    flow.priority = parseInteger(text, 0x1_0000);
  },
  cookie: (flow, text) => {
    const [value = '', mask] = text.split('/');
    flow.cookie = parseNumber(value);
    if (mask !== undefined) flow.cookie_mask = mask === '-1' ? 0xffff_ffff_ffff_ffffn : parseNumber(mask);
  },
  idle_timeout: (flow, text) => {
    flow.idle_timeout = parseInteger(text, 0x1_0000);
  },
  hard_timeout: (flow, text) => {
    flow.hard_timeout = parseInteger(text, 0x1_0000);
  },
  importance: (flow, text) => {
    flow.importance = parseInteger(text, 0x1_0000);
  },
  out_port: (flow, text) => {
    flow.out_port = parsePort(text);
  },
  out_group: (flow, text) => {
    flow.out_group = parseInteger(text);
  },
};

/** Cuts `...actions=...` in two. */
function cutActions(text: string): readonly [head: string, actions: string | undefined] {
  const at = /(^|[\s,])(actions?)\s*=/.exec(text);
  if (at === null) return [text, undefined];
  return [text.slice(0, at.index), text.slice(at.index + at[0].length)];
}

/**
 * A flow-mod from a line in the syntax of ovs-ofctl(8): `table=0,priority=10,tcp,tp_dst=80,actions=output:2`. A word
 * `add`, `modify`, `modify_strict`, `delete` or `delete_strict` before it says the command. Throws `LC_INVALID`.
 */
export function parseFlow(text: string, version: Version = 4): MessageInitOf<'flow_mod'> {
  const commanded = /^\s*(add|modify|modify_strict|delete|delete_strict)\s+/.exec(text);
  const [head, actionText] = cutActions(commanded === null ? text : text.slice(commanded[0].length));
  const parsed: Parsed = {};
  const matchItems: Item[] = [];
  for (const item of splitItems(head)) {
    const flag = flagTexts.find(([name]) => name === item.key && item.value === undefined);
    const option = options[item.key];
    if (flag !== undefined) parsed.flags = (parsed.flags ?? 0) | flag[1];
    else if (option === undefined) matchItems.push(item);
    else option(parsed, item.value ?? '');
  }
  const match = matchOfItems(matchItems);
  const command = commanded === null ? {} : { command: commanded[1] as 'add' };
  return { type: 'flow_mod', version, ...command, ...parsed, match, ...parseDeeds(actionText ?? '', version, match) };
}

function protocolOf(match: Match): number | undefined {
  const value = match.find((one) => one.field === 'ip_proto')?.value;
  return typeof value === 'number' ? value : undefined;
}

function hasTag(match: Match): boolean {
  return match.some((one) => one.field === 'vlan_vid' && (Number(one.value) & 0x1000) !== 0);
}

function parseDeeds(text: string, version: Version, match: Match) {
  const protocol = protocolOf(match);
  const tag = { present: hasTag(match) };
  const context = protocol === undefined ? { version, tag } : { version, tag, protocol };
  const items = splitItems(text);
  if (version === 1) return { actions: items.flatMap((item) => actionsOfItem10(item, context)) };
  return { instructions: parseInstructionItems(items, context) };
}

/** OpenFlow 1.0 has no instructions; Nicira's actions do what the most common ones do. */
function actionsOfItem10(item: Item, context: ActionContext): readonly Action[] {
  const instruction = instructionOf(item, context);
  switch (instruction?.type) {
    case undefined:
      return actionsOfItem(item, context);
    case 'goto_table':
      return [{ type: 'nx_resubmit_table', table_id: instruction.table_id }];
    case 'write_metadata':
      return [
        {
          type: 'nx_write_metadata',
          metadata: instruction.metadata,
          metadata_mask: instruction.metadata_mask ?? 0xffff_ffff_ffff_ffffn,
        },
      ];
    default:
      throw badText(`OpenFlow 1.0 has no ${instruction?.type}`);
  }
}

/** Instructions of a text: what is no instruction of its own is applied at once. Throws `LC_INVALID`. */
export function parseInstructions(text: string, context: Partial<ActionContext> = {}): readonly Instruction[] {
  return parseInstructionItems(splitItems(text), { version: 4, tag: { present: false }, ...context });
}

function parseInstructionItems(items: readonly Item[], context: ActionContext): readonly Instruction[] {
  const actions: Action[] = [];
  const instructions: Instruction[] = [];
  for (const item of items) {
    const instruction = instructionOf(item, context);
    if (instruction === undefined) actions.push(...actionsOfItem(item, context));
    else instructions.push(instruction);
  }
  const applied: Instruction[] = actions.length === 0 ? [] : [{ type: 'apply_actions', actions }];
  const before = instructions.filter(({ type }) => type === 'meter');
  return [...before, ...applied, ...instructions.filter(({ type }) => type !== 'meter')];
}

function instructionOf({ key, value = '' }: Item, context: ActionContext): Instruction | undefined {
  switch (key) {
    case 'goto_table':
      return { type: 'goto_table', table_id: parseInteger(value, 256) };
    case 'clear_actions':
      return { type: 'clear_actions' };
    case 'write_metadata': {
      const [metadata = '', mask] = value.split('/');
      const whole = { type: 'write_metadata' as const, metadata: parseNumber(metadata) };
      return mask === undefined ? whole : { ...whole, metadata_mask: parseNumber(mask) };
    }
    case 'write_actions':
      return { type: 'write_actions', actions: splitItems(value).flatMap((item) => actionsOfItem(item, context)) };
    case 'meter':
      return context.version === 6 ? undefined : { type: 'meter', meter_id: parseInteger(value) };
    case 'apply_actions':
      throw badText('apply_actions needs no name in ovs-ofctl syntax', 'write the actions themselves');
    default:
      return undefined;
  }
}
