import type { MessageOf, ReplyBody } from '../messages/types.js';
import { formatDuration } from './duration.js';
import { formatCounter, formatPort } from './values.js';

interface QueueText {
  readonly queue_id: number;
  readonly properties: readonly { readonly type: string; readonly rate?: number }[];
}

/** Above it, a rate in tenths of a percent means that the limit is off. */
const fullRate = 1000;
const noRate = 0xffff;

function rateText(name: string, rate: number): string {
  if (rate > fullRate) return rate === noRate ? '' : ` ${name}:(disabled)`;
  return ` ${name}:${Math.floor(rate / 10)}.${rate % 10}%`;
}

function queueText({ queue_id, properties }: QueueText): string {
  const rates = ['min_rate', 'max_rate'].map((name) => {
    const rate = properties.find(({ type }) => type === name)?.rate;
    return rate === undefined ? '' : rateText(name, rate);
  });
  return `queue ${queue_id}:${rates.join('')}\n`;
}

/** The queues of a port, behind the header of their message. */
export function formatQueueConfig(m: MessageOf<'queue_get_config_reply'>): string {
  return m.queues.length === 0 ? '' : ` port=${formatPort(m.port)}\n${m.queues.map(queueText).join('')}`;
}

/** The queues of ports, behind the header; a new port is named where it begins. */
export function formatQueueDescriptions(queues: ReplyBody<'queue_desc'>): string {
  return queues
    .map((queue, i) => {
      const isFirst = i === 0 || queues[i - 1]!.port_no !== queue.port_no;
      return `${isFirst ? `${i === 0 ? ' ' : ''}port=${formatPort(queue.port_no)}\n` : ''}${queueText(queue)}`;
    })
    .join('');
}

const noDuration = 0xffff_ffff;

/** Counters of queues. */
export function formatQueueStats(all: ReplyBody<'queue'>): string {
  const lines = all.map(({ port_no, queue_id, tx_bytes, tx_packets, tx_errors, duration_sec, duration_nsec = 0 }) => {
    const counters = `bytes=${formatCounter(tx_bytes)}, pkts=${formatCounter(tx_packets)}, errors=${formatCounter(tx_errors)}`;
    const isTimed = duration_sec !== undefined && duration_sec !== noDuration;
    return `\n  port ${formatPort(port_no)} queue ${queue_id}: ${counters}, duration=${isTimed ? formatDuration(duration_sec, duration_nsec) : '?'}`;
  });
  return ` ${all.length} queues${lines.join('')}`;
}
