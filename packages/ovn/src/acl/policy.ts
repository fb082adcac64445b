import { type Cidr, LinecardError, parseCidr } from '@linecard/wire';
import { z } from 'zod';

/** The name of a group of containers: what stands in their label `linecard.acl`. */
export const groupName = /^[A-Za-z0-9][\w.-]{0,62}$/;
const switchName = /^[\w.-]{1,64}$/;

/** What happens to a packet. `allow` lets the whole connection through, its answers too. */
const action = z.enum(['allow', 'drop', 'reject']);
/** ovn-nb(5), ACL, `severity`; `true` is `info`. */
const log = z
  .union([z.boolean(), z.enum(['alert', 'warning', 'notice', 'info', 'debug'])])
  .transform((value) => (value === true ? 'info' : value === false ? undefined : value));

const cidr = z.string().transform((text, context): Cidr => {
  try {
    return parseCidr(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
  } catch {
    context.addIssue(`"${text}" is neither an IP address nor a network such as 10.0.0.0/8`);
    return z.NEVER;
  }
});

/** The first and the last port of a range. */
export type PortRange = readonly [first: number, last: number];

const port = z.union([z.number(), z.string()]).transform((value, context): PortRange => {
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value)) ?? [];
  const range = [Number(from), Number(to)] as const;
  if (from !== '' && range[0] >= 1 && range[0] <= range[1] && range[1] <= 65535) return range;
  context.addIssue(`"${value}" is neither a port from 1 to 65535 nor a range such as 8000-8100`);
  return z.NEVER;
});

const peer = z
  .strictObject({ group: z.string().optional(), cidr: z.array(cidr).min(1).max(1000).optional() })
  .refine(({ group, cidr: networks }) => (group === undefined) !== (networks === undefined), {
    error: 'names the other side by either group or cidr',
  });

const rule = z
  .strictObject({
    name: z.string().min(1).max(63).optional(),
    direction: z.enum(['to', 'from']),
    action,
    peer: peer.optional(),
    protocol: z.enum(['tcp', 'udp', 'sctp', 'icmp']).optional(),
    ports: z.array(port).min(1).max(100).optional(),
    priority: z.int().min(2).max(32_000).default(1000),
    log: log.optional(),
  })
  .superRefine(({ protocol, ports }, context) => {
    if (ports === undefined || (protocol !== undefined && protocol !== 'icmp')) return;
    const message = 'ports need a protocol that has them: tcp, udp or sctp';
    context.addIssue({ code: 'custom', path: ['ports'], message });
  });

const section = z
  .strictObject({
    /** What happens to packets, of connections that no rule decides, to the containers and from them. */
    default: z.strictObject({ to: action.optional(), from: action.optional(), log: log.optional() }).default({}),
    rules: z.array(rule).max(1000).default([]),
  })
  .nullish()
  .transform((value) => value ?? { default: {}, rules: [] });

const sections = (name: RegExp, what: string) =>
  z.record(z.string(), section).superRefine((wanted, context) => {
    for (const key of Object.keys(wanted).filter((one) => !name.test(one))) {
      context.addIssue({ code: 'custom', path: [key], message: `is not the name of ${what}` });
    }
  });

/** What may stand in the file of `linecard ovn acl apply`. */
export const aclPolicy = z
  .strictObject({
    /** Containers with this name in their label `linecard.acl`. */
    groups: sections(groupName, 'a group: letters, digits, "_", "." and "-", 63 at most').default({}),
    /** All containers of a logical switch, by its name. */
    networks: sections(switchName, 'a logical switch').default({}),
  })
  .superRefine(({ groups, networks }, context) => {
    for (const [kind, wanted] of Object.entries({ groups, networks })) {
      for (const [name, { rules }] of Object.entries(wanted)) {
        for (const [index, { peer: other }] of rules.entries()) {
          if (other?.group === undefined || Object.hasOwn(groups, other.group)) continue;
          const known = Object.keys(groups).join(', ');
          const message = `there is no group "${other.group}" under groups${known === '' ? '' : `, only ${known}`}`;
          context.addIssue({ code: 'custom', path: [kind, name, 'rules', index, 'peer', 'group'], message });
        }
      }
    }
  });

/** Who may talk to whom. */
export type AclPolicy = z.output<typeof aclPolicy>;
export type AclSection = AclPolicy['groups'][string];
export type AclRule = AclSection['rules'][number];

/** Reads the groups of a label or an option: names, comma-separated. Throws `LC_INVALID`. */
export function readGroups(text: string): string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  const wrong = names.find((name) => !groupName.test(name));
  if (wrong === undefined && names.length <= 32) return names.sort();
  const what = wrong === undefined ? `${names.length} groups` : `"${wrong.slice(0, 100)}"`;
  throw new LinecardError('LC_INVALID', `${what} cannot stand in linecard.acl`, {
    hint: 'allowed are at most 32 names of groups, comma-separated: letters, digits, "_", "." and "-"',
  });
}
