import { type Action, type Match, ports } from '@linecard/openflow';
import { type Ethernet, EtherType } from '@linecard/packet';
import type { App } from '../app.js';
import type { PacketIn, PortEvent } from '../events.js';
import type { SwitchSession } from '../switch-session.js';
import { MacTable } from './mac-table.js';

/** What a {@link learningSwitch} may be told. */
export interface LearningSwitchOptions {
  /** Its table; 0 when absent. */
  readonly table?: number;
  /** Seconds without a packet after which a learned flow goes; 60 when absent. */
  readonly idleTimeout?: number;
  /** Seconds after which an address is forgotten unless it was heard of again; 300 when absent, 2 to 65535. */
  readonly ageing?: number;
  /** Addresses remembered per switch; 16384 when absent. */
  readonly maxAddresses?: number;
}

/** The flow that brings unknown packets here, and the flows that were learned: two owners, so that neither clears the other. */
const missCookie = 0x6c63_0000_0000_0020n;
const learnedCookie = 0x6c63_0000_0000_0021n;
const learnedPriority = 10;
/** OFPVID_PRESENT. */
const vlanPresent = 0x1000;
/** 01:80:c2:00:00:00 to :0f never leave a bridge (IEEE 802.1D table 7-10). */
const linkLocalGroup = 0x0180c2000000;

const nowhere: readonly Action[] = [];
const flood: readonly Action[] = [{ type: 'output', port: ports.flood }];
const toController: readonly Action[] = [{ type: 'output', port: ports.controller }];

/**
 * A switch that learns which address is behind which port, VLAN by VLAN, and installs a flow for every pair that talks.
 * Addresses age, move with their hosts and go with their ports.
 */
export function learningSwitch(options: LearningSwitchOptions = {}): App {
  const table = options.table ?? 0;
  const ageing = options.ageing ?? 300;
  const idleTimeout = options.idleTimeout ?? 60;
  // A flow ends before its addresses age, so that the next packet of a pair that still talks renews them.
  const hardTimeout = Math.max(1, Math.floor(ageing * 0.8));
  const tables = new WeakMap<SwitchSession, MacTable>();

  function known(sw: SwitchSession): MacTable {
    const macs = tables.get(sw) ?? new MacTable(ageing * 1000, options.maxAddresses ?? 16_384);
    tables.set(sw, macs);
    return macs;
  }

  function packetIn(sw: SwitchSession, packet: PacketIn): void {
    const frame = packet.ethernet;
    if (frame === undefined || !isSwitched(frame)) return;
    const macs = known(sw);
    const vlan = frame.vlanId;
    const source = frame.sourceKey;
    const now = performance.now();
    if (macs.learn(vlan, source, packet.inPort, now) === 'moved') forgetHost(sw, vlan, source);
    const destination = frame.destinationKey;
    const out = frame.isMulticast ? undefined : macs.find(vlan, destination, now);
    if (out === undefined) sw.forward(packet, flood);
    else if (out === packet.inPort) sw.forward(packet, nowhere);
    else connect(sw, packet, pairMatch(packet.inPort, source, destination, vlan), out);
  }

  function connect(sw: SwitchSession, packet: PacketIn, match: Match, out: number): void {
    const actions: Action[] = [{ type: 'output', port: out }];
    const flow = { table, priority: learnedPriority, match, actions, idleTimeout, hardTimeout };
    sw.addFlow(flow, learnedCookie, packet.bufferId);
    if (packet.bufferId === undefined) sw.forward(packet, actions);
  }

  function forgetHost(sw: SwitchSession, vlan: number, mac: number): void {
    sw.deleteFlows([{ field: 'eth_dst', value: mac }, vlanField(vlan)], learnedCookie);
  }

  function portStatus(sw: SwitchSession, event: PortEvent): void {
    if (event.reason !== 'delete' && event.port.up) return;
    known(sw).forgetPort(event.port.number);
    sw.deleteFlows([], learnedCookie, event.port.number);
    sw.deleteFlows([{ field: 'in_port', value: event.port.number }], learnedCookie);
  }

  return {
    name: 'learning-switch',
    table,
    on: {
      async switchUp(sw) {
        await sw.flows.apply([{ table, priority: 0, actions: toController }], { cookie: missCookie, table });
      },
      packetIn,
      portStatus,
    },
  };
}

function pairMatch(inPort: number, source: number, destination: number, vlan: number): Match {
  return [
    { field: 'in_port', value: inPort },
    { field: 'eth_dst', value: destination },
    { field: 'eth_src', value: source },
    vlanField(vlan),
  ];
}

const untagged: Match[number] = { field: 'vlan_vid', value: 0 };

function vlanField(vlan: number): Match[number] {
  return vlan === 0 ? untagged : { field: 'vlan_vid', value: vlanPresent | vlan };
}

function isSwitched(frame: Ethernet): boolean {
  const local = frame.isMulticast && frame.destinationKey - (frame.destinationKey % 16) === linkLocalGroup;
  return !local && frame.etherType !== EtherType.LLDP && (frame.bytes[6]! & 1) === 0;
}
