// One bridge with a thousand endpoints: what does not grow with their number, a burst, memory, and rest.
import { inBed } from './kit/bed.mjs';
import { median, ms, row } from './kit/stats.mjs';

export default async function scale({ quick }) {
  const argv = quick ? ['20', '3'] : ['60', '10'];
  const found = await inBed('scale.mjs', { meter: true, argv, timeoutMs: 600_000 });
  const [few, many] = [median(found.shareAt10.attach), median(found.shareAt1000.attach)];
  const [fewAfter, manyAfter] = [median(found.shareAt10.afterwards), median(found.shareAt1000.afterwards)];
  const seconds = (value) => `${(value / 1000).toFixed(2)} s`;
  const [burst, floorBurst] = [Math.max(...found.burst), median(found.floorBurst)];
  return [
    row('processor time of an attach, 10th endpoint', { ours: ms(few) }),
    row('processor time of an attach, 1000th endpoint', {
      ours: ms(many),
      bar: `as the 10th (is ${(many / few).toFixed(2)} x)`,
      ok: many <= 1.25 * few,
    }),
    row('  afterwards: news of kernel and switch, log', { ours: `${ms(fewAfter)}, ${ms(manyAfter)}` }),
    row('200 endpoints at once onto a bridge with 800', {
      ours: seconds(burst),
      floor: seconds(floorBurst),
      bar: '<= 5 s',
      ok: burst <= 5000,
    }),
    row('memory with 1000 endpoints (RSS)', {
      ours: `${found.residentMB.toFixed(0)} MB`,
      bar: '<= 120 MB',
      ok: found.residentMB <= 120,
    }),
    row(`processor time in ${found.restSeconds} s of rest, 1000 endpoints`, {
      ours: `${found.restingCpuMs} ms`,
      bar: '<= 10 ms (one tick)',
      ok: found.restingCpuMs <= 10,
    }),
  ];
}
