import {
  type Action,
  applyActions,
  DEFAULT_PRIORITY,
  encode,
  type Instruction,
  type Match,
  type MessageInitOf,
  NO_BUFFER,
  parseFlow,
  ports,
  type ReplyBody,
  type Version,
} from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import { matchKey, normalMatch } from './flow-key.js';

/** A flow that is wanted. What is left out has the value that OpenFlow gives it. */
export interface FlowSpec {
  /** 0 when absent. */
  readonly table?: number | undefined;
  /** 0 to 65535; 32768 when absent. */
  readonly priority?: number | undefined;
  /** All packets when absent. */
  readonly match?: Match | undefined;
  /** Done at once; none drops the packet. */
  readonly actions?: readonly Action[] | undefined;
  /** Instead of `actions`; not in OpenFlow 1.0. */
  readonly instructions?: readonly Instruction[] | undefined;
  /** Seconds without a packet after which the flow goes; 0 (absent) is never. */
  readonly idleTimeout?: number | undefined;
  /** Seconds after which the flow goes; 0 (absent) is never. */
  readonly hardTimeout?: number | undefined;
  /** A sum of `flowFlags`. */
  readonly flags?: number | undefined;
  /** For eviction, OpenFlow 1.4 and later. */
  readonly importance?: number | undefined;
}

/** What a flow-mod says of a flow; also how an installed flow is held beside a wanted one. */
export interface Flow {
  /** Table, priority and match: two flows with the same cannot both be installed. */
  readonly key: string;
  /** All else but the instructions. */
  readonly attributes: string;
  readonly instructions: string;
  /** The flow-mod that adds it. */
  readonly mod: FlowMod;
}

/** A flow-mod to be sent. */
export type FlowMod = MessageInitOf<'flow_mod'>;

type FlowStats = ReplyBody<'flow'>[number];

/** Flags that switches remember of a flow: send_flow_rem, no_packet_counts, no_byte_counts. */
const lastingFlags = 1 | 8 | 16;

/**
 * The flow of a line in the syntax of ovs-ofctl(8), as `priority=30,arp actions=FLOOD`. Throws `LC_INVALID`, also for a
 * cookie: that is the owner's.
 */
export function specOf(text: string, version: Version): FlowSpec {
  const { table_id, priority, match, actions, instructions, ...rest } = parseFlow(text, version);
  if (rest.cookie !== undefined || rest.command !== undefined) {
    throw new LinecardError('LC_INVALID', `"${text}" has a cookie or a command`, {
      hint: 'give the cookie of all flows beside them, and only flows that are to be there',
    });
  }
  return {
    table: table_id,
    priority,
    match,
    actions,
    instructions,
    idleTimeout: rest.idle_timeout,
    hardTimeout: rest.hard_timeout,
    flags: rest.flags,
    importance: rest.importance,
  };
}

/** What a flow-mod needs beyond the flow. */
export interface FlowModHeader {
  readonly cookie: bigint;
  readonly version: Version;
  /** 0 when absent: to be given when it is sent. */
  readonly xid?: number;
  /** The buffered packet that the flow is applied to at once. */
  readonly buffer?: number | undefined;
}

/**
 * The flow-mod that adds a flow; one literal with all properties, because learning switches make one for every packet.
 * Throws `LC_INVALID` for what the version cannot say.
 */
export function flowMod(spec: FlowSpec, header: FlowModHeader): FlowMod {
  if (header.version === 1) return flowMod10(spec, header);
  return {
    type: 'flow_mod',
    version: header.version,
    xid: header.xid ?? 0,
    command: 'add',
    cookie: header.cookie,
    table_id: spec.table ?? 0,
    priority: spec.priority ?? DEFAULT_PRIORITY,
    match: spec.match ?? [],
    idle_timeout: spec.idleTimeout ?? 0,
    hard_timeout: spec.hardTimeout ?? 0,
    flags: spec.flags ?? 0,
    buffer_id: header.buffer ?? NO_BUFFER,
    importance: spec.importance ?? 0,
    instructions: spec.instructions ?? applyActions(spec.actions ?? []),
  };
}

function flowMod10(spec: FlowSpec, header: FlowModHeader): FlowMod {
  return {
    type: 'flow_mod',
    version: 1,
    xid: header.xid ?? 0,
    command: 'add',
    cookie: header.cookie,
    table_id: spec.table ?? 0,
    priority: spec.priority ?? DEFAULT_PRIORITY,
    match: spec.match ?? [],
    idle_timeout: spec.idleTimeout ?? 0,
    hard_timeout: spec.hardTimeout ?? 0,
    flags: spec.flags ?? 0,
    buffer_id: header.buffer ?? NO_BUFFER,
    actions: spec.instructions ? onlyActions(spec.instructions) : (spec.actions ?? []),
  };
}

/** The flow of a wish, in the form that switches tell it in. */
export function flowOf(spec: FlowSpec, cookie: bigint, version: Version): Flow {
  const match = normalMatch(spec.match ?? []);
  const instructions = (spec.instructions ?? applyActions(spec.actions ?? [])).map(normalInstruction);
  const mod = flowMod({ ...spec, match, instructions }, { cookie, version });
  const importance = version >= 5 ? (spec.importance ?? 0) : 0;
  // OpenFlow 1.0 does not tell the flags of an installed flow.
  const flags = version === 1 ? 0 : (spec.flags ?? 0) & lastingFlags;
  return {
    key: `${mod.table_id} ${mod.priority} ${matchKey(match)}`,
    attributes: `${cookie} ${mod.idle_timeout} ${mod.hard_timeout} ${flags} ${importance}`,
    instructions: encodedInstructions(version, mod),
    mod,
  };
}

/** The flow of an entry of flow statistics. */
export function flowOfStats(stats: FlowStats, version: Version): Flow {
  const spec: FlowSpec = {
    table: stats.table_id ?? 0,
    priority: stats.priority ?? DEFAULT_PRIORITY,
    match: stats.match ?? [],
    instructions: stats.instructions ?? applyActions(stats.actions ?? []),
    idleTimeout: stats.idle_timeout ?? 0,
    hardTimeout: stats.hard_timeout ?? 0,
    flags: stats.flags ?? 0,
    ...(stats.importance === undefined ? {} : { importance: stats.importance }),
  };
  return flowOf(spec, stats.cookie ?? 0n, version);
}

/** How much of a packet goes out of a port counts for the controller's port only; switches answer 0 for the others. */
function normalAction(action: Action): Action {
  return action.type === 'output' && action.port !== ports.controller ? { ...action, max_len: 0 } : action;
}

function normalInstruction(instruction: Instruction): Instruction {
  if (instruction.type !== 'apply_actions' && instruction.type !== 'write_actions') return instruction;
  return { ...instruction, actions: instruction.actions.map(normalAction) };
}

function onlyActions(instructions: readonly Instruction[]): readonly Action[] {
  return instructions.flatMap((instruction) => {
    if (instruction.type === 'apply_actions') return instruction.actions;
    throw new LinecardError('LC_INVALID', `OpenFlow 1.0 has no instruction ${instruction.type}`, {
      hint: 'give actions only, or use OpenFlow 1.3',
    });
  });
}

/** Two lists of instructions are the same when their bytes are. */
function encodedInstructions(version: Version, mod: FlowMod): string {
  const { actions, instructions } = mod;
  const bare = {
    type: 'flow_mod' as const,
    version,
    ...(actions === undefined ? {} : { actions }),
    ...(instructions === undefined ? {} : { instructions }),
  };
  return Buffer.from(encode(bare)).toString('latin1');
}
