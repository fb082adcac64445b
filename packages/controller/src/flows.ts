import {
  ALL_TABLES,
  formatFlow,
  type Message,
  type MessageInit,
  type ReplyBody,
  type Version,
} from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import { sendBundle } from './bundle.js';
import type { Channel, Outgoing, Refusal } from './channel.js';
import { nameOf } from './errors.js';
import { type Flow, type FlowMod, type FlowSpec, flowOf, flowOfStats, specOf } from './flow-spec.js';

/** Whose flows a call is about: all flows with this cookie, in one table or in all. */
export interface FlowOwner {
  readonly cookie: bigint;
  readonly table?: number;
  /** Whether the flows are put back when the switch comes back; true when absent. */
  readonly remember?: boolean;
}

/** What {@link Flows.apply} did: numbers of flows. */
export interface FlowChanges {
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** One entry of flow statistics. */
export type FlowStats = ReplyBody<'flow'>[number];

/** What owners want of one switch, kept while it is away. */
export type DesiredFlows = Map<string, { readonly specs: readonly (FlowSpec | string)[]; readonly owner: FlowOwner }>;

/** The flows of one switch: what owners want is compared with what is installed, and only the difference is sent. */
export class Flows {
  readonly #channel: Channel;
  readonly #version: Version;
  readonly #desired: DesiredFlows;
  #lastBundle = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(channel: Channel, version: Version, desired: DesiredFlows) {
    this.#channel = channel;
    this.#version = version;
    this.#desired = desired;
  }

  /**
   * Makes the owner's flows exactly `specs`, which may be lines of ovs-ofctl(8) (`priority=30,arp actions=FLOOD`): what is missing is added, what differs is changed, what is too much is
   * deleted, in this order, so that no table is ever empty in between. Sends nothing when all is as it should be.
   * Resolves when the switch has confirmed it. Throws `LC_INVALID` for flows that contradict each other or that the
   * switch refuses, `LC_TIMEOUT` and `LC_CLOSED`.
   */
  apply(specs: readonly (FlowSpec | string)[], owner: FlowOwner): Promise<FlowChanges> {
    const wanted = this.#wanted(specs, owner);
    if (owner.remember !== false) this.#desired.set(`${owner.cookie} ${owner.table ?? 'all'}`, { specs, owner });
    return this.#inTurn(() => this.#apply(wanted, owner));
  }

  /** Puts back what all owners want: after the switch came back. */
  async replay(): Promise<void> {
    for (const { specs, owner } of this.#desired.values()) await this.apply(specs, owner);
  }

  /** Forgets what an owner wants; its flows stay as they are. */
  forget(owner: FlowOwner): void {
    this.#desired.delete(`${owner.cookie} ${owner.table ?? 'all'}`);
  }

  /** The flows that are installed, with their counters: all, or those of an owner. */
  async installed(owner?: FlowOwner): Promise<FlowStats[]> {
    const parts = await this.#channel.request(flowRequest(this.#version, owner));
    const all = parts.flatMap(flowEntries);
    // OpenFlow 1.0 cannot ask for a cookie.
    return owner === undefined ? all : all.filter((entry) => entry.cookie === owner.cookie);
  }

  #wanted(specs: readonly (FlowSpec | string)[], owner: FlowOwner): Map<string, Flow> {
    const wanted = new Map<string, Flow>();
    for (const wish of specs) {
      const spec = typeof wish === 'string' ? specOf(wish, this.#version) : wish;
      const table = spec.table ?? owner.table ?? 0;
      const flow = flowOf({ ...spec, table }, owner.cookie, this.#version);
      if (owner.table !== undefined && flow.mod.table_id !== owner.table) {
        throw new LinecardError(
          'LC_INVALID',
          `a flow for table ${flow.mod.table_id} among those of table ${owner.table}`,
        );
      }
      if (wanted.has(flow.key)) {
        throw new LinecardError('LC_INVALID', `two flows with the same table, priority and match: ${flow.key}`);
      }
      wanted.set(flow.key, flow);
    }
    return wanted;
  }

  /** Changes are made one after another: two that read the same state would undo each other's. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    // Not the promise whose failure the queue takes: one that the caller does not look at has to be noticed.
    return mine.then((outcome) => outcome);
  }

  async #apply(wanted: ReadonlyMap<string, Flow>, owner: FlowOwner): Promise<FlowChanges> {
    const entries = await this.installed(owner);
    const installed = new Map(
      entries.map((entry) => flowOfStats(entry, this.#version)).map((flow) => [flow.key, flow]),
    );
    const { messages, ...changes } = difference(wanted, installed);
    if (messages.length === 0) return changes;
    const refused = await this.#send(messages);
    const first = refused[0];
    if (first === undefined) return changes;
    throw new LinecardError(
      'LC_INVALID',
      `the switch refused ${refused.length} of ${messages.length} flow changes, the first with ${nameOf(first.error)}: ${textOf(first)}`,
    );
  }

  /** All at once where the switch can (OpenFlow 1.4), else one after another. */
  async #send(mods: readonly FlowMod[]): Promise<readonly Refusal[]> {
    this.#lastBundle += 1;
    const bundled = this.#version >= 5 ? await sendBundle(this.#channel, this.#lastBundle, mods) : undefined;
    return bundled ?? this.#channel.postAll(mods.map((mod) => ({ ...mod, xid: this.#channel.nextXid() })));
  }
}

function difference(wanted: ReadonlyMap<string, Flow>, installed: ReadonlyMap<string, Flow>) {
  const adds: FlowMod[] = [];
  const modifies: FlowMod[] = [];
  for (const flow of wanted.values()) {
    const present = installed.get(flow.key);
    if (present === undefined || present.attributes !== flow.attributes) adds.push(flow.mod);
    else if (present.instructions !== flow.instructions) modifies.push({ ...flow.mod, command: 'modify_strict' });
  }
  const deletes = [...installed.values()].filter((flow) => !wanted.has(flow.key)).map(deletion);
  return {
    messages: [...adds, ...modifies, ...deletes],
    added: adds.length,
    modified: modifies.length,
    deleted: deletes.length,
    unchanged: wanted.size - adds.length - modifies.length,
  };
}

/** Only a flow of this owner: one that another has put in its place since then stays. */
function deletion({ mod }: Flow): FlowMod {
  const { version, cookie, table_id, priority, match } = mod;
  const where = { ...(table_id === undefined ? {} : { table_id }), ...(priority === undefined ? {} : { priority }) };
  const owner = version === 1 ? {} : { cookie: cookie ?? 0n, cookie_mask: allOnes };
  return { type: 'flow_mod', version, command: 'delete_strict', ...where, ...(match ? { match } : {}), ...owner };
}

/** The flow-mod that was refused, also when it was in a bundle. */
function textOf({ message }: Refusal): string {
  const inner = message.type === 'bundle_add_message' ? (message.content.message as MessageInit) : message;
  return inner.type === 'flow_mod' ? `${inner.command} ${formatFlow(inner)}` : inner.type;
}

const allOnes = 0xffff_ffff_ffff_ffffn;

function flowRequest(version: Version, owner: FlowOwner | undefined): Outgoing {
  const table_id = owner?.table ?? ALL_TABLES;
  if (version === 1 || owner === undefined) return { type: 'multipart_request', kind: 'flow', body: { table_id } };
  return { type: 'multipart_request', kind: 'flow', body: { table_id, cookie: owner.cookie, cookie_mask: allOnes } };
}

function flowEntries(message: Message): readonly FlowStats[] {
  return message.type === 'multipart_reply' && message.kind === 'flow' ? message.body : [];
}
