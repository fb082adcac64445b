// One host among a hundred: what does not grow with their number.
import { runInside, withHosts } from './kit/bed.mjs';
import { median, ms, row } from './kit/stats.mjs';

export default async function overlayScale({ quick }) {
  const [rounds, hosts, ports] = quick ? [15, 10, 1000] : [40, 100, 10_000];
  const { alone, among, aloneMB, amongMB } = await withHosts({ hosts: 1, meter: true }, (all) =>
    runInside(all.hosts[0], 'overlay-scale.mjs', [rounds, hosts, ports], 900_000),
  );
  const [few, many] = [median(alone), median(among)];
  return [
    row(`our own share of an overlay attach (CPU), alone / ${hosts} hosts, ${ports} ports`, {
      ours: `${ms(few)} / ${ms(many)}`,
      bar: `<= 1.5 x (is ${(many / few).toFixed(2)})`,
      ok: many <= 1.5 * few,
    }),
    row(`daemon memory (RSS), alone / ${hosts} hosts, ${ports} ports`, {
      ours: `${aloneMB.toFixed(0)} / ${amongMB.toFixed(0)} MB`,
      bar: '<= 200 MB',
      ok: amongMB <= 200,
    }),
  ];
}
