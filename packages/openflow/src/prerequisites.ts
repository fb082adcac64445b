import type { FieldName, PrerequisiteName } from './fields.js';
import { encodingOf, type KnownField, type Match } from './oxm.js';

/** One way to fulfil a prerequisite: these fields with these values. */
export type Requirement = readonly (readonly [field: FieldName, value: number, mask?: number])[];

const ipv4 = ['eth_type', 0x0800] as const;
const ipv6 = ['eth_type', 0x86dd] as const;
const tracked = ['ct_state', 0x20, 0x20] as const;

function overIp(protocol: number): readonly Requirement[] {
  return [
    [ipv4, ['ip_proto', protocol]],
    [ipv6, ['ip_proto', protocol]],
  ];
}

/** What a match must say before it may use a field: one of these (OpenFlow 1.5.1 section 7.2.3.6). */
export const requirements: Readonly<Record<PrerequisiteName, readonly Requirement[]>> = {
  none: [[]],
  vlan: [[['vlan_vid', 0x1000, 0x1000]]],
  mpls: [[['eth_type', 0x8847]], [['eth_type', 0x8848]]],
  ipv4: [[ipv4]],
  ipv6: [[ipv6]],
  ip: [[ipv4], [ipv6]],
  arp: [[['eth_type', 0x0806]], [['eth_type', 0x8035]]],
  nsh: [[['eth_type', 0x894f]]],
  tcp: overIp(6),
  udp: overIp(17),
  sctp: overIp(132),
  icmpv4: [[ipv4, ['ip_proto', 1]]],
  icmpv6: [[ipv6, ['ip_proto', 58]]],
  nd: [135, 136].map((type) => [ipv6, ['ip_proto', 58], ['icmpv6_type', type]] as const),
  ndSolicit: [[ipv6, ['ip_proto', 58], ['icmpv6_type', 135]]],
  ndAdvert: [[ipv6, ['ip_proto', 58], ['icmpv6_type', 136]]],
  ct: [[tracked]],
  pbb: [[['eth_type', 0x88e7]]],
};

function fulfils(match: Match, [field, value, mask]: Requirement[number]): boolean {
  return match.some((one) => {
    if (one.field !== field || typeof one.value !== 'number') return false;
    if (mask === undefined) return one.value === value && one.mask === undefined;
    const covered = one.mask === undefined ? mask : Number(one.mask) & mask;
    return covered === mask && (one.value & mask) === value;
  });
}

/** The fields of a match whose prerequisites it lacks: a switch answers OFPBMC_BAD_PREREQ to them. */
export function missingPrerequisites(match: Match): readonly KnownField[] {
  return match.filter((one): one is KnownField => {
    if (one.field === 'unknown') return false;
    const { needs } = encodingOf(one.field, 6, one.as).row;
    return !requirements[needs].some((all) => all.every((each) => fulfils(match, each)));
  });
}
