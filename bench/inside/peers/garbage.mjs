// What the codec leaves to the garbage collector for one packet-in that is answered with a flow-mod and a packet-out:
// bytes that were allocated and belong neither to the decoded message nor to the encoded bytes. Needs --expose-gc, and
// a young generation in which nothing is collected while it counts.
import { decode, encode, encodeInto, NO_BUFFER, Writer } from '@linecard/openflow';

const version = 4;
const times = 50_000;
const data = new Uint8Array(60);
const actions = [{ type: 'output', port: 2 }];
const header = { version, xid: 5, buffer_id: NO_BUFFER };
const match = [
  { field: 'in_port', value: 3 },
  { field: 'eth_dst', value: 0x0200_0000_0001 },
  { field: 'eth_src', value: 0x0200_0000_0002 },
  { field: 'vlan_vid', value: 0 },
];
const packetIn = encode({
  ...{ type: 'packet_in', ...header, total_len: 60, reason: 'action', cookie: 0x6c63_0000_0000_0020n },
  ...{ table_id: 0, match: match.slice(0, 1), data },
});
const flowMod = {
  ...{ type: 'flow_mod', ...header, command: 'add', cookie: 0x6c63_0000_0000_0021n, table_id: 0, priority: 10, match },
  ...{ idle_timeout: 60, hard_timeout: 240, flags: 0, instructions: [{ type: 'apply_actions', actions }] },
};
const packetOut = { type: 'packet_out', ...header, in_port: 3, actions, data };
/** Numbers on the wire: three headers of 4, 7 of the packet-in, 18 of the flow-mod, 7 of the packet-out. */
const fields = 3 * 4 + 7 + 18 + 7;

const used = () => process.memoryUsage().heapUsed;
const writer = new Writer(65_536);
function answer() {
  if (writer.at > 60_000) writer.reset();
  encodeInto(writer, flowMod);
  encodeInto(writer, packetOut);
}

for (let i = 0; i < 4 * times; i++) answer(decode(packetIn));
const kept = new Array(times);
globalThis.gc();
const before = used();
for (let i = 0; i < times; i++) {
  kept[i] = decode(packetIn);
  answer();
}
const allocated = used() - before;
globalThis.gc();
const messages = used() - before;
process.send({ bytes: (allocated - messages) / kept.length, fields, packet: packetIn.length });
process.on('message', () => process.exit(0));
