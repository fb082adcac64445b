import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  type Action,
  decode,
  encode,
  Framer,
  type Instruction,
  inPortOf,
  type Match,
  type Message,
  type MessageInit,
  type MessageOf,
  ports as reserved,
  type Version,
  versionBitmap,
} from '@linecard/openflow';
import { Ethernet, Packet } from '@linecard/packet';

/** A frame that came out of a port of the model. */
export interface Delivered {
  readonly port: number;
  readonly data: Uint8Array;
}

interface ModelFlow {
  table: number;
  priority: number;
  match: Match;
  cookie: bigint;
  instructions: readonly Instruction[];
  idle_timeout: number;
  hard_timeout: number;
  flags: number;
}

type FlowMod = MessageOf<'flow_mod'>;

export interface ModelOptions {
  readonly version?: Version;
  /** Versions in the hello's bitmap; `false` leaves the bitmap out. */
  readonly bitmap?: readonly number[] | false;
  readonly dpid?: bigint;
  readonly ports?: readonly number[];
  readonly auxiliary?: number;
  /** Answers nothing of these types. */
  readonly mute?: ReadonlySet<string>;
}

/** A switch in memory, of one table: enough of OpenFlow to see what controllers and apps do to traffic. */
export class ModelSwitch {
  readonly flows: ModelFlow[] = [];
  readonly delivered: Delivered[] = [];
  /** Types of all messages that came, with the command of flow-mods. */
  readonly log: string[] = [];
  readonly messages: Message[] = [];
  /** The fewest flows that the table had while flow-mods were executed. */
  leastFlows = Number.POSITIVE_INFINITY;
  readonly socket: Socket;
  readonly version: Version;
  readonly #options: ModelOptions;
  readonly #framer = new Framer();
  readonly #bundles = new Map<number, MessageInit[]>();
  #xid = 1000;

  constructor(path: string, options: ModelOptions = {}) {
    this.#options = options;
    this.version = options.version ?? 4;
    this.socket = connect({ path });
    this.socket.on('data', (chunk) => {
      for (const frame of this.#framer.push(chunk)) this.#receive(decode(frame));
    });
    this.socket.on('error', () => undefined);
    const bitmap = options.bitmap ?? [this.version];
    this.send({ type: 'hello', version: this.version, elements: bitmap === false ? [] : [versionBitmap(bitmap)] });
  }

  get closed(): Promise<unknown> {
    return this.socket.destroyed ? Promise.resolve() : once(this.socket, 'close');
  }

  /** The table as text, highest priority first. */
  dump(): string[] {
    const sorted = [...this.flows].sort((a, b) => b.priority - a.priority);
    return sorted.map((flow) => {
      const match = flow.match.map((f) => `${f.field}=${(f.value as number).toString(16)}`).sort();
      return (
        [`priority=${flow.priority}`, ...match].join(',') +
        ` actions=${actionsOf(flow).map(actionText).join() || 'drop'}`
      );
    });
  }

  send(message: MessageInit): void {
    this.socket.write(encode({ ...message, xid: message.xid ?? this.#xid++ }));
  }

  /** Changes a port and says so. */
  port(reason: 'add' | 'delete' | 'modify', port_no: number, state = 0): void {
    this.send({ type: 'port_status', version: this.version, reason, desc: this.#port(port_no, state) } as MessageInit);
  }

  /** A frame comes in at a port. */
  inject(inPort: number, data: Uint8Array): void {
    const flow = [...this.flows]
      .sort((a, b) => b.priority - a.priority)
      .find((candidate) => matches(candidate.match, inPort, data));
    if (flow !== undefined) this.#execute(actionsOf(flow), inPort, data, flow.cookie);
    else if (this.version === 1) this.#packetIn(inPort, data, 'no_match', 0n);
  }

  /** Resolves when `check` holds; looked at after every message. */
  async until(check: () => boolean): Promise<void> {
    while (!check()) await once(this.socket, 'data');
  }

  #port(port_no: number, state = 0) {
    return { port_no, hw_addr: 0x020000000000 + port_no, name: `port${port_no}`, config: 0, state };
  }

  #execute(actions: readonly Action[], inPort: number, data: Uint8Array, cookie: bigint): void {
    for (const action of actions) {
      if (action.type !== 'output') continue;
      if (action.port === reserved.controller) this.#packetIn(inPort, data, 'action', cookie);
      else if (action.port === reserved.flood) {
        for (const port of this.#options.ports ?? [1, 2, 3]) if (port !== inPort) this.delivered.push({ port, data });
      } else if (action.port !== inPort) this.delivered.push({ port: action.port, data });
    }
  }

  #packetIn(inPort: number, data: Uint8Array, reason: 'no_match' | 'action', cookie: bigint): void {
    const match: Match = [{ field: 'in_port', value: inPort }];
    const { version } = this;
    this.send({ type: 'packet_in', version, total_len: data.length, reason, match, data, cookie } as MessageInit);
  }

  #receive(message: Message): void {
    this.messages.push(message);
    this.log.push(message.type === 'flow_mod' ? `flow_mod ${message.command}` : message.type);
    if (!this.#options.mute?.has(message.type)) this.#answer(message);
  }

  #answer(message: Message): void {
    const { version } = this;
    const { xid } = message;
    const ports = (this.#options.ports ?? [1, 2, 3]).map((port) => this.#port(port));
    switch (message.type) {
      case 'features_request':
        this.send({
          type: 'features_reply',
          version,
          xid,
          datapath_id: this.#options.dpid ?? 1n,
          ...(version === 1 ? { ports } : { auxiliary_id: this.#options.auxiliary ?? 0 }),
        } as MessageInit);
        break;
      case 'echo_request':
        this.send({ type: 'echo_reply', version, xid, data: message.data });
        break;
      case 'barrier_request':
        this.send({ type: 'barrier_reply', version, xid });
        break;
      case 'role_request':
        this.send({ type: 'role_reply', version, xid, role: message.role, generation_id: message.generation_id ?? 0n });
        break;
      case 'multipart_request':
        this.#multipart(message, ports);
        break;
      case 'packet_out':
        this.#execute(message.actions, message.in_port ?? inPortOf(message.match ?? []) ?? 0, message.data, 0n);
        break;
      case 'flow_mod':
        this.#flowMod(message);
        break;
      case 'bundle_control':
        this.#bundle(message);
        break;
      case 'bundle_add_message':
        this.#bundles.get(message.bundle_id)?.push(message.content.message as MessageInit);
    }
  }

  #multipart(message: MessageOf<never> | Message, ports: unknown[]): void {
    if (message.type !== 'multipart_request') return;
    const { version } = this;
    const { xid } = message;
    const reply = { type: 'multipart_reply', version, xid } as const;
    if (message.kind === 'port_desc') this.send({ ...reply, kind: 'port_desc', body: ports } as MessageInit);
    else if (message.kind === 'flow') this.#flowStats(reply, message.body as { cookie?: bigint; cookie_mask?: bigint });
    else this.send({ type: 'error', version, xid, error_type: 1, error_code: 2, data: new Uint8Array(0) });
  }

  /** Two flows per part: what is collected must be put together. */
  #flowStats(reply: object, wanted: { cookie?: bigint; cookie_mask?: bigint }): void {
    const mask = wanted.cookie_mask ?? 0n;
    const found = this.flows.filter((flow) => (flow.cookie & mask) === ((wanted.cookie ?? 0n) & mask));
    for (let at = 0; at === 0 || at < found.length; at += 2) {
      const body = found.slice(at, at + 2).map(({ table, ...flow }) => ({
        ...flow,
        table_id: table,
        actions: actionsOf(flow),
      }));
      this.send({ ...reply, kind: 'flow', more: at + 2 < found.length, body } as unknown as MessageInit);
    }
  }

  #bundle(message: MessageOf<'bundle_control'>): void {
    const { bundle_id, xid, ctrl_type } = message;
    if (ctrl_type === 'open_request') this.#bundles.set(bundle_id, []);
    if (ctrl_type === 'commit_request') {
      for (const inner of this.#bundles.get(bundle_id) ?? []) this.#flowMod(decode(encode(inner)) as FlowMod);
    }
    const reply = String(ctrl_type).replace('request', 'reply');
    this.send({ type: 'bundle_control', version: this.version, xid, bundle_id, ctrl_type: reply } as MessageInit);
  }

  #flowMod(mod: FlowMod): void {
    if (mod.priority === 666) {
      this.send({
        type: 'error',
        version: this.version,
        xid: mod.xid,
        error_type: 5,
        error_code: 1,
        data: new Uint8Array(0),
      });
      return;
    }
    const same = (flow: ModelFlow) => flow.priority === mod.priority && key(flow.match) === key(mod.match);
    const owned = (flow: ModelFlow) =>
      (flow.cookie & (mod.cookie_mask ?? 0n)) === (mod.cookie & (mod.cookie_mask ?? 0n));
    const instructions: readonly Instruction[] = mod.instructions ?? [
      { type: 'apply_actions', actions: mod.actions ?? [] },
    ];
    if (mod.command === 'add') {
      this.#remove(same);
      const { priority, match, cookie, idle_timeout, hard_timeout, flags } = mod;
      this.flows.push({
        table: mod.table_id,
        priority,
        match,
        cookie,
        instructions,
        idle_timeout,
        hard_timeout,
        flags,
      });
    } else if (mod.command === 'modify_strict') {
      for (const flow of this.flows) if (same(flow) && owned(flow)) flow.instructions = instructions;
    } else if (mod.command === 'delete_strict') {
      this.#remove((flow) => same(flow) && owned(flow));
    } else if (mod.command === 'delete') {
      this.#remove((flow) => owned(flow) && covers(mod.match, flow.match) && sendsTo(flow, mod.out_port));
    }
    this.leastFlows = Math.min(this.leastFlows, this.flows.length);
  }

  #remove(which: (flow: ModelFlow) => boolean): void {
    for (let i = this.flows.length - 1; i >= 0; i--) if (which(this.flows[i]!)) this.flows.splice(i, 1);
  }
}

function actionsOf(flow: { readonly instructions: readonly Instruction[] }): readonly Action[] {
  return flow.instructions.flatMap((instruction) => (instruction.type === 'apply_actions' ? instruction.actions : []));
}

function actionText(action: Action): string {
  if (action.type !== 'output') return action.type;
  return { [reserved.flood]: 'FLOOD', [reserved.controller]: 'CONTROLLER' }[action.port] ?? `output:${action.port}`;
}

function key(match: Match): string {
  return match
    .map((field) => `${field.field}=${field.value}`)
    .sort()
    .join();
}

function covers(general: Match, special: Match): boolean {
  return general.every((field) => special.some((other) => other.field === field.field && other.value === field.value));
}

function sendsTo(flow: ModelFlow, port: number | undefined): boolean {
  const any = port === undefined || port === reserved.any;
  return any || actionsOf(flow).some((action) => action.type === 'output' && action.port === port);
}

function matches(match: Match, inPort: number, data: Uint8Array): boolean {
  const frame = Ethernet.view(data)!;
  const values: Record<string, unknown> = {
    in_port: inPort,
    eth_src: frame.sourceKey,
    eth_dst: frame.destinationKey,
    eth_type: frame.etherType,
    vlan_vid: frame.vlanId === 0 ? 0 : 0x1000 | frame.vlanId,
    ip_proto: Packet.view(data)?.ip?.protocol,
  };
  return match.every((field) => values[field.field] === field.value);
}
