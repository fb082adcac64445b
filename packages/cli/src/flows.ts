import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, type FlowStats, type SwitchSession } from '@linecard/controller';
import { portNames } from '@linecard/driver';
import { flowCounters, formatFlowStats, formatMatch } from '@linecard/openflow';
import type { OpenvSwitch } from '@linecard/switch';
import { LinecardError } from '@linecard/wire';
import { type Column, json, painter, print, table } from './output.js';
import { openSwitch, whereOvs } from './switch-memory.js';

/** The command line of `linecard flows`. */
export interface FlowsOptions {
  readonly json?: true;
  readonly watch?: true;
}

/** One flow, as it is shown. */
interface FlowLine {
  readonly table: number;
  readonly priority: number;
  /** As ovs-ofctl writes it, with the name of the container in brackets behind the number of its port. */
  readonly match: string;
  readonly actions: string;
  readonly packets: number;
  readonly bytes: number;
  /** Seconds since it was installed. */
  readonly age: number;
  readonly cookie: string;
}

/** How long the bridge may take to answer, in ms. */
const patienceMs = 5000;
/** How often counters are read, in ms. */
const watchPauseMs = 1000;

/** Puts names behind the numbers of ports: `in_port=1(web)`, `output:2(db)`. */
export function withNames(text: string, names: ReadonlyMap<number, string>): string {
  return text.replaceAll(/\b(in_port=|output:|in_port:)(\d+)/g, (whole, _, port: string) => {
    const name = names.get(Number(port));
    return name === undefined ? whole : `${whole}(${name})`;
  });
}

function lineOf(flow: FlowStats, version: number, names: ReadonlyMap<number, string>): FlowLine {
  const text = formatFlowStats(flow, { version });
  const counters = flowCounters(flow as Parameters<typeof flowCounters>[0]);
  return {
    table: flow.table_id ?? 0,
    priority: flow.priority ?? 0,
    match: withNames(formatMatch(flow.match ?? [], { version }), names),
    actions: withNames(text.slice(text.indexOf('actions=') + 'actions='.length), names),
    packets: Number(counters.packet_count),
    bytes: Number(counters.byte_count),
    age: counters.duration_sec ?? 0,
    cookie: `0x${(flow.cookie ?? 0n).toString(16)}`,
  };
}

const columns: readonly Column<FlowLine>[] = [
  { title: 'TABLE', text: (flow) => String(flow.table) },
  { title: 'PRIORITY', text: (flow) => String(flow.priority) },
  { title: 'MATCH', text: (flow) => flow.match || 'any' },
  { title: 'ACTIONS', text: (flow) => flow.actions },
  { title: 'PACKETS', text: (flow) => String(flow.packets) },
  { title: 'BYTES', text: (flow) => String(flow.bytes) },
  { title: 'AGE', text: (flow) => `${flow.age} s` },
];

/** `linecard flows`. */
export async function showFlows(bridge: string, options: FlowsOptions): Promise<void> {
  const ovs = await openSwitch();
  const controller = new Controller({ requestTimeoutMs: patienceMs });
  try {
    const sw = await inspect(controller, bridge);
    await ovs?.whenReady(patienceMs);
    if (options.watch) await watch(sw, bridge, ovs, options);
    else await print(render(await read(sw, bridge, ovs), options));
  } finally {
    await controller.close();
    await ovs?.close();
  }
}

/** Connects to the socket that every bridge has for such questions (ovs-vswitchd(8), `BRIDGE.mgmt`). */
async function inspect(controller: Controller, bridge: string): Promise<SwitchSession> {
  const path = join(whereOvs().runDirectory, `${bridge}.mgmt`);
  await access(/^[\w.-]+$/.test(bridge) ? path : '').catch((cause) => {
    throw new LinecardError('LC_NOT_FOUND', `there is no bridge "${bridge}" in ${whereOvs().runDirectory}`, {
      hint: '`ovs-vsctl list-br` lists the bridges',
      cause,
    });
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new LinecardError('LC_TIMEOUT', `bridge ${bridge} did not answer at ${path}`));
    }, patienceMs);
    controller.once('up', (sw) => {
      clearTimeout(timer);
      resolve(sw);
    });
    controller.once('rejected', (_, reason) => {
      clearTimeout(timer);
      reject(reason);
    });
    controller.connect({ kind: 'unix', path });
  });
}

async function read(sw: SwitchSession, bridge: string, ovs: OpenvSwitch | undefined): Promise<FlowLine[]> {
  const names = ovs === undefined ? new Map<number, string>() : portNames(ovs.view, bridge);
  const lines = (await sw.flows.installed()).map((flow) => lineOf(flow, sw.version, names));
  return lines.sort((a, b) => a.table - b.table || b.priority - a.priority || a.match.localeCompare(b.match));
}

function render(lines: readonly FlowLine[], options: FlowsOptions): string {
  if (options.json) return options.watch ? `${JSON.stringify(lines)}\n` : json(lines);
  return table(columns, lines, painter(process.stdout, process.env));
}

const clearScreen = '\x1b[H\x1b[2J';

/** On a terminal each table replaces the one before; elsewhere an empty line parts them. */
async function watch(
  sw: SwitchSession,
  bridge: string,
  ovs: OpenvSwitch | undefined,
  options: FlowsOptions,
): Promise<void> {
  let last = '';
  for (;;) {
    const lines = await read(sw, bridge, ovs);
    // That a flow grows older is no change.
    const now = JSON.stringify(lines.map(({ age: _, ...line }) => line));
    const text = render(lines, options);
    if (now !== last) await print(options.json ? text : process.stdout.isTTY ? clearScreen + text : `${text}\n`);
    last = now;
    await delay(watchPauseMs);
  }
}
