import { describe, expect, it } from 'vitest';
import { planOf } from './impairment.js';
import { impairmentOf } from './kernel.js';

describe('planOf', () => {
  const words = (text: string) => text.split(' ');

  it.each([
    [
      { delayMs: 10, jitterMs: 2, loss: 1.5, rateKbit: 100_000 },
      { netem: true, ovs: true, drops: true },
      { qdisc: words('netem limit 1000 delay 10ms 2ms loss 1.5% rate 100000kbit') },
    ],
    [{ delayMs: 10 }, { netem: true, ovs: false, drops: false }, { qdisc: words('netem limit 100000 delay 10ms') }],
    [{ loss: 3 }, { netem: true, ovs: false, drops: false }, { qdisc: words('netem limit 100000 loss 3%') }],
    [
      { rateKbit: 1000 },
      { netem: true, ovs: false, drops: false },
      { qdisc: words('tbf rate 1000kbit burst 64000 latency 100ms') },
    ],
    [{ rateKbit: 1000 }, { netem: true, ovs: true, drops: true }, { ovsRateKbit: 1000 }],
    [
      { rateKbit: 1000, loss: 3 },
      { netem: false, ovs: true, drops: true },
      { ovsRateKbit: 1000, dropped: 3 },
    ],
    [{ loss: 3 }, { netem: false, ovs: false, drops: true }, { dropped: 3 }],
    [{}, { netem: false, ovs: true, drops: true }, {}],
  ])('of %j with %j', (impairment, means, plan) => expect(planOf(impairment, means)).toEqual(plan));

  it('has room for what waits: a second at 100 Mbit/s', () => {
    const { qdisc } = planOf({ delayMs: 1000, rateKbit: 100_000 }, { netem: true, ovs: false, drops: false });
    expect(Number(qdisc?.[2])).toBeGreaterThan(100_000_000 / 8 / 1500);
  });

  it('says what the kernel lacks', () => {
    expect(() => planOf({ delayMs: 10, loss: 1 }, { netem: false, ovs: false, drops: true })).toThrow(
      'the kernel of this host cannot delay packets: it has no netem',
    );
  });

  it('says when nothing can lose the packets', () => {
    expect(() => planOf({ loss: 1 }, { netem: false, ovs: false, drops: false })).toThrow(
      'the kernel of this host cannot lose these packets: it has no netem',
    );
  });

  it.each([
    [{ jitterMs: 1 }, 'a jitter varies a delay'],
    [{ delayMs: -1 }, 'a delay is 0 to 60000 ms'],
    [{ loss: 101 }, 'a loss is 0 to 100 percent'],
    [{ rateKbit: 1 }, 'a rate is 8 to 100000000 kbit/s'],
  ])('refuses %j', (impairment, reason) =>
    expect(() => planOf(impairment, { netem: true, ovs: false, drops: false })).toThrow(reason),
  );
});

describe('impairmentOf', () => {
  it.each([
    [
      { delay: { delay: 0.01, jitter: 0.002 }, 'loss-random': { loss: 0.015 }, rate: { rate: 12_500_000 } },
      { delayMs: 10, jitterMs: 2, loss: 1.5, rateKbit: 100_000 },
    ],
    [{ delay: { delay: 0.1, jitter: 0 } }, { delayMs: 100 }],
    [{ rate: 125_000 }, { rateKbit: 1000 }],
    [{}, {}],
  ])('of what tc(8) writes: %j', (options, impairment) => expect(impairmentOf({ options })).toEqual(impairment));
});
