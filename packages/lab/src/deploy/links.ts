import { type NetnsRef, netnsPath, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { didYouMean } from '../file/suggest.js';
import { containerKind } from '../kinds/kinds.js';
import type { Endpoint, Lab } from '../model/types.js';
import { netnsOf } from './check.js';
import type { World } from './world.js';

/** How a link is made worse, in the direction out of the endpoint. */
export interface Impairment {
  readonly delayMs?: number;
  readonly jitterMs?: number;
  /** Percent of packets. */
  readonly loss?: number;
  /** Kilobits per second. */
  readonly rateKbit?: number;
}

/** The endpoint that `NODE:INTERFACE` names. Throws `LC_NOT_FOUND` with the nearest one. */
export function findEndpoint(lab: Lab, text: string): Endpoint {
  const all = lab.links.flatMap((link) => (link.type === 'cable' ? [link.a, link.b] : [link.a]));
  const found = all.find(({ node, name }) => `${node}:${name}` === text);
  if (found !== undefined) return found;
  const hint = didYouMean(
    text,
    all.map(({ node, name }) => `${node}:${name}`),
  );
  throw new LinecardError(
    'LC_NOT_FOUND',
    `no link of ${lab.name} has the end ${text}`,
    hint === undefined ? {} : { hint },
  );
}

/** Words before a program that let it run where an endpoint is; none for the host itself. */
export async function placeOf(world: World, lab: Lab, end: Endpoint): Promise<string[]> {
  const node = lab.nodes.find(({ name }) => name === end.node);
  if (node === undefined || containerKind(node.kind) === undefined) return [];
  const netns: NetnsRef | undefined = await netnsOf(world, node, node.longName);
  if (netns === undefined)
    throw new LinecardError('LC_NOT_FOUND', `node ${node.name} does not run`, { hint: 'linecard lab deploy' });
  return ['nsenter', `--net=${netnsPath(netns)}`, '--'];
}

/** What tc(8) is told; an empty impairment takes the old one away. */
export function qdiscWords(
  name: string,
  { delayMs, jitterMs, loss, rateKbit }: Impairment,
  hasNetem: boolean,
): string[] {
  const netem = [
    ...(delayMs === undefined ? [] : ['delay', `${delayMs}ms`, ...(jitterMs === undefined ? [] : [`${jitterMs}ms`])]),
    ...(loss === undefined ? [] : ['loss', `${loss}%`]),
  ];
  if (netem.length === 0 && rateKbit === undefined) return ['tc', 'qdisc', 'del', 'dev', name, 'root'];
  const replace = ['tc', 'qdisc', 'replace', 'dev', name, 'root'];
  if (netem.length > 0 || hasNetem)
    return [...replace, 'netem', ...netem, ...(rateKbit === undefined ? [] : ['rate', `${rateKbit}kbit`])];
  const burst = Math.max(16_000, Math.ceil((rateKbit! * 1000) / 8 / 100));
  return [...replace, 'tbf', 'rate', `${rateKbit}kbit`, 'burst', String(burst), 'latency', '100ms'];
}

/** Impairs what leaves through an endpoint, or stops impairing it. Throws `LC_KERNEL` when the kernel cannot. */
export async function impairLink(world: World, lab: Lab, end: Endpoint, impairment: Impairment): Promise<void> {
  const place = await placeOf(world, lab, end);
  const apply = (hasNetem: boolean) =>
    run([...place, ...qdiscWords(end.name, impairment, hasNetem)] as [string, ...string[]]);
  try {
    await apply(true);
  } catch (error) {
    const { message } = error as Error;
    if (message.includes('Cannot delete qdisc with handle of zero') || message.includes('Invalid handle')) return;
    if (!/qdisc kind is unknown|No such file or directory/.test(message)) throw error;
    // Without netem, a rate alone can be kept by the token bucket filter.
    if (impairment.rateKbit !== undefined && impairment.delayMs === undefined && impairment.loss === undefined) {
      await apply(false);
      return;
    }
    throw new LinecardError('LC_KERNEL', 'the kernel of this host cannot delay or lose packets: it has no netem', {
      hint: 'load sch_netem (modprobe sch_netem); --rate works without it',
      cause: error,
    });
  }
}
