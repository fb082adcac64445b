import { z } from 'zod';

/** The topology file as people write it: containerlab's keys, and those of the kinds that are only here. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.array(text);
const map = z.record(
  z.string(),
  text.nullish().transform((value) => value ?? ''),
);
const whole = (min: number, max: number) => z.int().min(min).max(max);
const mtu = whole(68, 65535);
const line = z.union([text, texts]);

export const stageNames = ['create', 'create-links', 'configure', 'healthy', 'exit'] as const;
const waits = z.array(z.strictObject({ node: z.string(), stage: z.enum(stageNames) }));
const phased = (phase: 'on-enter' | 'on-exit') => (commands: readonly string[] | undefined) =>
  (commands ?? []).map((command) => ({ command, phase, target: 'container' as const }));
const stageExec = z.union([
  z.array(
    z.strictObject({
      command: text,
      target: z.enum(['container', 'host']).default('container'),
      phase: z.enum(['on-enter', 'on-exit']).default('on-enter'),
    }),
  ),
  z
    .strictObject({ 'on-enter': texts.optional(), 'on-exit': texts.optional() })
    .transform((exec) => [...phased('on-enter')(exec['on-enter']), ...phased('on-exit')(exec['on-exit'])]),
]);
const stage = z.strictObject({ 'wait-for': waits.optional(), exec: stageExec.optional() }).nullish();
const stages = z.strictObject({
  create: stage,
  'create-links': stage,
  configure: stage,
  healthy: stage,
  exit: stage,
});

const frr = z.strictObject({ daemons: texts.optional(), config: z.string().optional() });

const openswitch = z.strictObject({
  netns: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'is not the name of a network namespace')
    .optional(),
  ports: z
    .strictObject({
      name: z.string().includes('{n}', 'must contain {n}, the place of the number').optional(),
      first: whole(0, 100_000).optional(),
      step: whole(1, 1000).optional(),
    })
    .optional(),
  cli: line.optional(),
});

const ovs = z.strictObject({
  datapath: z.enum(['netdev', 'system']).optional(),
  dpid: text.optional(),
  controllers: texts.optional(),
  protocols: texts.optional(),
  'fail-mode': z.enum(['secure', 'standalone']).optional(),
});

const healthcheck = z.strictObject({
  test: z.union([text, texts]),
  interval: z.number().positive().optional(),
  timeout: z.number().positive().optional(),
  retries: whole(0, 1000).optional(),
  'start-period': z.number().nonnegative().optional(),
});

/** A node, and the defaults, kinds and groups that it inherits from. */
export const rawNode = z.strictObject({
  kind: z.string().optional(),
  group: z.string().optional(),
  image: z.string().optional(),
  'image-pull-policy': z.enum(['IfNotPresent', 'Never', 'Always', 'ifnotpresent', 'never', 'always']).optional(),
  cmd: line.optional(),
  entrypoint: line.optional(),
  env: map.optional(),
  'env-files': texts.optional(),
  user: text.optional(),
  binds: texts.optional(),
  devices: texts.optional(),
  exec: texts.optional(),
  ports: texts.optional(),
  'mgmt-ipv4': z.ipv4().optional(),
  'mgmt-ipv6': z.ipv6().optional(),
  'network-mode': z.string().optional(),
  aliases: texts.optional(),
  labels: map.optional(),
  sysctls: map.optional(),
  'cap-add': texts.optional(),
  privileged: z.boolean().optional(),
  'shm-size': text.optional(),
  cpu: z.number().positive().optional(),
  'cpu-set': text.optional(),
  memory: text.optional(),
  dns: z.strictObject({ servers: texts.optional(), search: texts.optional(), options: texts.optional() }).optional(),
  'startup-config': z.string().optional(),
  'startup-delay': whole(0, 3600).optional(),
  'auto-remove': z.boolean().optional(),
  'restart-policy': z.enum(['no', 'on-failure', 'always', 'unless-stopped']).optional(),
  'wait-for': texts.optional(),
  stages: stages.optional(),
  healthcheck: healthcheck.optional(),
  frr: frr.optional(),
  openswitch: openswitch.optional(),
  ovs: ovs.optional(),
  // What containerlab knows and these kinds have no use for: taken, and said to be ignored.
  type: text.optional(),
  license: z.string().optional(),
  runtime: z.string().optional(),
  publish: texts.optional(),
  'enforce-startup-config': z.boolean().optional(),
  'suppress-startup-config': z.boolean().optional(),
  config: z.unknown().optional(),
  extras: z.looseObject({ frr: z.strictObject({ daemons: texts.optional() }).optional() }).optional(),
  certificate: z.unknown().optional(),
  components: z.unknown().optional(),
  credentials: z.unknown().optional(),
  position: text.optional(),
  sandbox: text.optional(),
  kernel: text.optional(),
  SANs: texts.optional(),
  // As containerlab called them once.
  mgmt_ipv4: z.ipv4().optional(),
  mgmt_ipv6: z.ipv6().optional(),
});

const endpoint = z.strictObject({
  node: z.string(),
  interface: text.optional(),
  mac: z.string().optional(),
  ipv4: z.union([text, texts]).optional(),
  ipv6: z.union([text, texts]).optional(),
  ofport: whole(1, 65279).optional(),
  vars: z.record(z.string(), z.unknown()).optional(),
});

const rawLink = z.strictObject({
  type: z.enum(['veth', 'mgmt-net', 'host', 'macvlan', 'vxlan', 'vxlan-stitch', 'dummy']).optional(),
  endpoints: z.array(z.union([z.string(), endpoint])).optional(),
  endpoint: endpoint.optional(),
  'host-interface': z.string().optional(),
  mode: z.enum(['bridge', 'vepa', 'private', 'passthru', 'source']).optional(),
  remote: z.string().optional(),
  vni: whole(0, 0xff_ffff).optional(),
  'dst-port': whole(1, 65535).optional(),
  'udp-port': whole(1, 65535).optional(),
  'src-port': whole(1, 65535).optional(),
  mtu: mtu.optional(),
  ipv4: texts.optional(),
  ipv6: texts.optional(),
  vars: z.record(z.string(), z.unknown()).optional(),
  labels: map.optional(),
});

const mgmt = z.strictObject({
  network: z.string().optional(),
  bridge: z.string().optional(),
  'ipv4-subnet': text.optional(),
  'ipv4-gw': text.optional(),
  'ipv4-range': text.optional(),
  'ipv6-subnet': text.optional(),
  'ipv6-gw': text.optional(),
  'ipv6-range': text.optional(),
  mtu: mtu.optional(),
  'external-access': z.boolean().optional(),
  'driver-opts': map.optional(),
  ipv4_subnet: text.optional(),
  ipv6_subnet: text.optional(),
});

const check = z.strictObject({
  pings: z.array(z.strictObject({ from: z.string(), to: z.string() })).optional(),
  commands: z.array(z.strictObject({ node: z.string(), run: line, expect: text.optional() })).optional(),
  addresses: z.record(z.string(), z.record(z.string(), z.union([text, texts]))).optional(),
  timeout: z.number().positive().max(3600).optional(),
});

const nodes = z.record(z.string(), rawNode.nullish());

export const rawTopology = z.strictObject({
  name: text,
  prefix: z.string().nullish(),
  mgmt: mgmt.nullish(),
  settings: z.unknown().optional(),
  debug: z.unknown().optional(),
  check: check.nullish(),
  topology: z.strictObject({
    defaults: rawNode.nullish(),
    kinds: nodes.nullish(),
    groups: nodes.nullish(),
    nodes: nodes.nullish(),
    links: z.array(rawLink).nullish(),
  }),
});

export type RawTopology = z.output<typeof rawTopology>;
export type RawNode = z.output<typeof rawNode>;
export type RawLink = z.output<typeof rawLink>;
export type RawEndpoint = z.output<typeof endpoint>;
export type StageName = (typeof stageNames)[number];

interface Inner {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly innerType?: z.core.$ZodType;
  /** What a transformed value is read as. */
  readonly in?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
}

/** The keys that a file format knows at a place of the file; none where anything or no map may stand. */
export function knownKeys(path: readonly PropertyKey[], schema: z.core.$ZodType): string[] {
  const inner = schema._zod.def as unknown as Inner;
  const wrapped = inner.innerType ?? inner.in;
  if (wrapped !== undefined) return knownKeys(path, wrapped);
  if (inner.options !== undefined) return inner.options.flatMap((option) => knownKeys(path, option));
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(inner.shape ?? {});
  const next = inner.shape?.[String(key)] ?? inner.valueType ?? inner.element;
  return next === undefined ? [] : knownKeys(rest, next);
}
