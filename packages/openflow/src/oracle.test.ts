import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '@linecard/wire';
import { describe, expect, it } from 'vitest';
import { hasOvs, printFlows, printMessages } from '../test/ovs.js';
import {
  decode,
  encode,
  formatFlow,
  formatMessage,
  type Message,
  type MessageInit,
  parseFlow,
  parseGroup,
  parseMeter,
  type Version,
} from './index.js';

const fixtures = new URL('../fixtures/', import.meta.url);
const osken = spawnSync('/usr/bin/python3', [fileURLToPath(new URL('osken.py', fixtures))], { encoding: 'utf8' });
/** What ovs-ofctl prints, without the packets in packet-ins, whose headers it shows on a line of their own. */
function print(messages: readonly Uint8Array[]): string {
  return tidy(printMessages(messages));
}

function tidy(text: string): string {
  const lines = text.split('\n').filter((line) => !/^vlan_tci=.*dl_src/.test(line) && line.trim() !== '');
  return lines.map((line) => line.trimEnd()).join('\n');
}

describe.skipIf(!hasOvs)('ovs-ofctl', () => {
  it('prints every golden message as it is written down', () => {
    const file = readFileSync(new URL('vectors.txt', fixtures), 'utf8');
    const blocks = file
      .split('\n\n')
      .slice(1)
      .filter((block) => block.startsWith('>'));
    const bytes = blocks.map((block) =>
      fromHex(
        block
          .split('\n')
          .filter((line) => !line.startsWith('>'))
          .join(''),
      ),
    );
    const text = blocks.flatMap((block) => block.split('\n').filter((line) => line.startsWith('>')));
    expect(print(bytes)).toBe(tidy(text.map((line) => line.slice(2)).join('\n')));
  });

  const flows = readFileSync(new URL('flows.txt', fixtures), 'utf8').trim().split('\n');

  it.each([4, 5, 6] as const)('takes our flows of version %i for what it makes of the same text', (version) => {
    const behind = (line: string): string => line.replace(/^.*?: /, '');
    const expected = printFlows(fileURLToPath(new URL('flows.txt', fixtures)), version).map(behind);
    expect(expected.length).toBe(flows.length);
    const ours = flows.map((line) => encode(parseFlow(line, version)));
    expect(print(ours).split('\n').map(behind)).toEqual(expected);
    expect(ours.map((bytes) => behind(formatMessage(decode(bytes))))).toEqual(expected);
  });

  it.each([
    [4, 'group_id=1,type=select,bucket=weight:2,actions=output:1,output:5,bucket=output:2,watch_port:3'],
    [4, 'group_id=2,type=ff,bucket=watch_port:1,actions=1,bucket=watch_group:5,actions=2'],
    [4, 'group_id=3,type=indirect,bucket=actions=set_field:1.2.3.4->ip_src,group:7'],
    [5, 'group_id=0x10,type=all,bucket=output:CONTROLLER,bucket=actions=drop'],
    [6, 'group_id=4294967040,type=select,bucket=weight:0,output:1,bucket=weight:5,actions=output:2,bucket=output:3'],
    [6, 'group_id=1,type=select,selection_method=hash,fields(ip_src=255.255.0.0,tcp_dst),bucket=output:1'],
    [6, 'group_id=1,type=select,selection_method=dp_hash,selection_method_param=5,bucket=output:1'],
    [6, 'group_id=7,type=ff,bucket=watch_port:5,watch_group:6,actions=resubmit(,5)'],
    [6, 'group_id=4,type=all,bucket=bucket_id:7,actions=output:1,bucket=bucket_id:9,actions=2'],
    [
      6,
      'group_id=5,type=select,selection_method=hash,selection_method_param=3,fields(ip_src,tcp_dst),bucket=weight:2,actions=output:1,bucket=bucket_id:7,actions=output:2',
    ],
  ] as const)('makes the same group of version %i of %s', (version, text) => {
    const { stdout } = spawnSync('ovs-ofctl', ['-O', `OpenFlow1${version - 1}`, 'parse-group', text], {
      encoding: 'utf8',
    });
    const bytes = encode({ ...parseGroup(text, version), xid: 1 });
    expect(stdout).toContain('GROUP_MOD');
    expect(`${stdout.slice(stdout.indexOf('OFPT'))}`.trim()).toBe(print([bytes]));
    expect(formatMessage(decode(bytes))).toBe(print([bytes]));
  });

  it.each([
    'meter=1,kbps,burst,stats,band=type=drop,rate=1000,burst_size=10',
    'meter=controller,pktps,bands=type=drop,rate=1,type=dscp_remark,rate=5,prec_level=3',
  ])('prints the meter of %s as we do', (text) => {
    const bytes = encode(parseMeter(text));
    expect(tidy(formatMessage(decode(bytes)))).toBe(print([bytes]));
  });

  it('and our own text agree: formatFlow is read back to the same flow', () => {
    for (const version of [1, 4, 5, 6] as const) {
      for (const line of flows) {
        const flow = attempt(line, version);
        if (flow === undefined) continue;
        const text = formatFlow(flow);
        expect(formatFlow(decode(encode(parseFlow(text, version))) as typeof flow)).toBe(text);
      }
    }
  });
});

/** The flow of a line, unless the version cannot say it. */
function attempt(line: string, version: Version) {
  try {
    return decode(encode(parseFlow(line, version))) as Extract<Message, { readonly type: 'flow_mod' }>;
  } catch {
    return undefined;
  }
}

const mac = 0x02_00_00_00_00_01;
const match = [
  { field: 'in_port', value: 3 },
  { field: 'metadata', value: 5n },
  { field: 'eth_type', value: 0x800 },
  { field: 'ip_proto', value: 6 },
  { field: 'ipv4_src', value: 0x0a000000, mask: 0xff000000 },
  { field: 'tcp_dst', value: 80 },
] as const;

/** The same messages that fixtures/osken.py makes, in our words. */
const same: Readonly<Record<string, MessageInit>> = {
  'packet_out 1': {
    type: 'packet_out',
    version: 1,
    in_port: 0xffff_fffe,
    actions: [{ type: 'output', port: 2, max_len: 128 }],
    data: new TextEncoder().encode('abc'),
  },
  'port_mod 1': { type: 'port_mod', version: 1, port_no: 1, hw_addr: mac, config: 1, mask: 1 },
  'meter_mod 4': {
    type: 'meter_mod',
    version: 4,
    flags: 1,
    meter_id: 3,
    bands: [
      { type: 'drop', rate: 1000, burst_size: 10 },
      { type: 'dscp_remark', rate: 100, burst_size: 5, prec_level: 2 },
    ],
  },
  'role 4': { type: 'role_request', version: 4, role: 'master', generation_id: 7n },
  'role 6': { type: 'role_request', version: 6, role: 'master', generation_id: 7n },
  'async 4': {
    type: 'set_async',
    version: 4,
    packet_in_master: 1,
    packet_in_slave: 2,
    port_status_master: 3,
    port_status_slave: 4,
    flow_removed_master: 5,
    flow_removed_slave: 6,
  },
  'table_mod 5': {
    type: 'table_mod',
    version: 5,
    table_id: 3,
    config: 4,
    properties: [{ type: 'eviction', flags: 3 }],
  },
  'bundle 5': { type: 'bundle_control', version: 5, bundle_id: 7, ctrl_type: 'open_request', flags: 1 },
  'group_mod 6': {
    type: 'group_mod',
    version: 6,
    command: 'insert_bucket',
    group_type: 'select',
    group_id: 1,
    command_bucket_id: 0xffff_fffd,
    buckets: [
      {
        bucket_id: 1,
        actions: [{ type: 'output', port: 2, max_len: 128 }],
        properties: [{ type: 'weight', weight: 5 }],
      },
    ],
  },
};

describe.skipIf(osken.status !== 0)('os-ken', () => {
  const lines = osken.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string, string]);

  it('writes messages that survive us byte by byte', () => {
    expect(lines.length).toBeGreaterThan(40);
    for (const [name, version, hex] of lines) {
      const message = decode(fromHex(hex));
      expect(message.type, name).not.toBe('unknown');
      expect(toHex(encode(message)), `${name} of version ${version}`).toBe(hex);
    }
  });

  it.each(Object.entries(same))('writes %s as we do', (key, init) => {
    const line = lines.find(([name, version]) => `${name} ${version}` === key);
    expect(toHex(encode({ ...init, xid: 0x1234 }))).toBe(line?.[2]);
  });

  it('and we read the same match and actions in every version', () => {
    for (const [name, version, hex] of lines) {
      if (name !== 'flow_mod' || version === '1') continue;
      const flow = decode(fromHex(hex)) as Extract<Message, { readonly type: 'flow_mod' }>;
      const sorted = (fields: readonly { readonly field: string }[]) =>
        [...fields].sort((a, b) => a.field.localeCompare(b.field));
      expect(sorted(flow.match)).toEqual(sorted(match));
      expect(formatFlow(flow)).toBe(
        'table=1,cookie=0x5,idle_timeout=10,hard_timeout=20,send_flow_rem,priority=30,tcp,metadata=0x5,in_port=3,nw_src=10.0.0.0/8,tp_dst=80 actions=output:2,set_field:02:00:00:00:00:01->eth_dst,push_vlan:0x8100,pop_vlan,group:7,set_queue:3,dec_ttl,mod_nw_ttl:9,push_mpls:0x8847,pop_mpls:0x0800,copy_ttl_in,clear_actions,write_metadata:0x1/0x3,goto_table:4',
      );
    }
  });

  it("writes ONF's flow monitor without the header of a match, as its document has it", () => {
    const line = lines.find(([name]) => name === 'onf_monitor');
    const message = decode(fromHex(line![2]));
    expect(message).toMatchObject({ kind: 'onf_flow_monitor', body: [{ id: 1, flags: 3, match: { bare: true } }] });
    expect(formatMessage(message).split('\n')[1]).toBe(' id=1 flags=initial,add ip,in_port=3');
  });

  it("writes Nicira's actions for what ovs-ofctl calls them", () => {
    const line = lines.find(([name]) => name === 'nicira');
    const flow = decode(fromHex(line![2])) as Extract<Message, { readonly type: 'flow_mod' }>;
    expect(formatFlow(flow)).toContain('resubmit(8080,3),load:0x7->NXM_NX_REG0[4..31],conjunction(5,1/2)');
    expect(formatFlow(flow)).toContain('nat(src=10.0.0.1-10.0.0.9:80-90)');
  });
});
