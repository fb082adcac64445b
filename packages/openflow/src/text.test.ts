import { LinecardError } from '@linecard/wire';
import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  errorName,
  formatActions,
  formatMessage,
  formatPort,
  fromJson,
  type KnownField,
  missingPrerequisites,
  packetOut,
  parseActions,
  parseFlow,
  parseMatch,
  parsePort,
  ports,
  toJson,
} from './index.js';

describe('parseMatch', () => {
  it('puts prerequisites first and knows what tp_dst means', () => {
    expect(parseMatch('tp_dst=53,nw_src=10.1.2.3/8,udp')).toEqual([
      { field: 'eth_type', value: 0x0800 },
      { field: 'ip_proto', value: 17 },
      { field: 'ipv4_src', value: 0x0a000000, mask: 0xff000000 },
      { field: 'udp_dst', value: 53 },
    ] satisfies KnownField[]);
    expect(parseMatch('arp,nw_dst=1.2.3.4').map(({ field }) => field)).toEqual(['eth_type', 'arp_tpa']);
    expect(parseMatch('dl_vlan_pcp=3')).toEqual([
      { field: 'vlan_vid', value: 0x1000, mask: 0x1000 },
      { field: 'vlan_pcp', value: 3 },
    ]);
  });

  it.each([
    'in_port=0x100000000',
    'nonsense',
    'nonsense=3',
    'dl_type=0x10000',
    'nw_src=1.2.3',
    'nw_src=1.2.3.4/33',
    'dl_vlan=4096',
    'ip_proto=6/3',
    'ct_state=+nope',
    'tcp_flags=+syn-nope',
    'nw_frag=maybe',
    'dl_src=00:11:22:33:44',
    'reg0=1)',
    'reg0=(1',
  ])('refuses %s', (text) => {
    expect(() => parseMatch(text)).toThrow(LinecardError);
  });
});

describe('parseActions', () => {
  it.each([
    'teleport:5',
    'set_field:1',
    'set_field:1->nowhere',
    'load:0x100->NXM_NX_REG0[0..7]',
    'load:1->NXM_NX_REG0[30..40]',
    'move:NXM_NX_REG0[0..7]->NXM_NX_REG1[]',
    'conjunction(1,2)',
    'ct(teleport)',
    'ct(nat(src=nowhere))',
    'output:NXM_NX_REG99[]',
    'controller(reason=boredom)',
    'note:1',
    'group:0x100000000',
    'learn(table=300)',
    'enqueue:1',
  ])('refuses %s', (text) => {
    expect(() => encode({ type: 'packet_out', version: 4, in_port: 1, actions: parseActions(text) })).toThrow(
      LinecardError,
    );
  });

  it('does not follow parentheses without end', () => {
    expect(() => parseActions('clone('.repeat(5000) + ')'.repeat(5000))).toThrow(/nested more than/);
  });

  it('says what 1.0 calls setting and later versions pushing', () => {
    expect(formatActions(parseActions('mod_vlan_vid:5', { version: 1 }), { version: 1 })).toBe('mod_vlan_vid:5');
    expect(formatActions(parseActions('mod_vlan_vid:5'))).toBe('push_vlan:0x8100,set_field:4101->vlan_vid');
    expect(parseFlow('dl_vlan=3,actions=mod_vlan_vid:5').instructions).toEqual([
      { type: 'apply_actions', actions: [{ type: 'set_field', field: { field: 'vlan_vid', value: 0x1005 } }] },
    ]);
  });

  it('knows that no action is drop', () => {
    expect(parseActions('drop')).toEqual([]);
    expect(formatActions([])).toBe('drop');
  });
});

describe('ports', () => {
  it('have the same reserved names in 16 and 32 bits', () => {
    expect(parsePort('LOCAL')).toBe(ports.local);
    expect(parsePort('0xfffe')).toBe(ports.local);
    expect(formatPort(ports.in_port)).toBe('IN_PORT');
    expect(() => encode({ type: 'packet_out', version: 1, in_port: 0x10000 })).toThrow(/no 16-bit form/);
  });
});

describe('missingPrerequisites', () => {
  it('names the fields that a switch would refuse', () => {
    expect(missingPrerequisites(parseMatch('tcp,tp_dst=80,nw_src=1.2.3.4'))).toEqual([]);
    expect(missingPrerequisites([{ field: 'tcp_dst', value: 80 }]).map(({ field }) => field)).toEqual(['tcp_dst']);
    expect(missingPrerequisites(parseMatch('icmp6,icmp_type=135,nd_sll=00:00:00:00:00:01'))).toEqual([]);
    expect(missingPrerequisites(parseMatch('icmp6,nd_sll=00:00:00:00:00:01'))).toHaveLength(1);
  });
});

describe('errors', () => {
  it('have names where Open vSwitch has them', () => {
    expect(errorName(1, 3, 0)).toBe('OFPFMFC_TABLE_FULL');
    expect(errorName(4, 5, 1)).toBe('OFPFMFC_TABLE_FULL');
    expect(errorName(4, 4, 99)).toBe('OFPET_BAD_MATCH, code 99');
    expect(errorName(4, 99, 1)).toBe('type 99, code 1');
  });
});

describe('packetOut', () => {
  it('says the port where its version does', () => {
    for (const version of [1, 4, 5, 6] as const) {
      const message = packetOut({ version, in_port: 7, actions: parseActions('output:1', { version }) });
      const decoded = decode(encode(message));
      expect(decoded).toMatchObject(version === 6 ? { match: [{ field: 'in_port', value: 7 }] } : { in_port: 7 });
    }
  });
});

describe('formatMessage', () => {
  it('shows messages that Open vSwitch has no words for by their fields', () => {
    const status = { short_id: 1, role: 'master', reason: 'role', channel_status: 'up', properties: [] } as const;
    expect(formatMessage(decode(encode({ type: 'controller_status', version: 6, xid: 7, status })))).toBe(
      'OFPT_CONTROLLER_STATUS (OF1.5) (xid=0x7): status={short_id=1 role=master reason=role channel_status=up properties=[]}',
    );
    const unknown = { type: 'experimenter', version: 4, xid: 7, experimenter: 5, data: Uint8Array.of(1, 2) } as const;
    expect(formatMessage(decode(encode(unknown)))).toBe(
      'OFPT_EXPERIMENTER (OF1.3) (xid=0x7): experimenter=5 data=0102',
    );
  });
});

describe('JSON', () => {
  it('holds big numbers and bytes', () => {
    const message = decode(encode({ ...parseFlow('actions=note:01'), cookie: 1n << 63n }));
    const text = JSON.stringify(toJson(message));
    expect(encode(fromJson(JSON.parse(text)))).toEqual(encode(message));
    expect(() => fromJson({ type: 'hello', version: 4, x: { $int: 'many' } })).toThrow(LinecardError);
    expect(() => fromJson([])).toThrow(LinecardError);
  });
});
