// Networks over many hosts: one endpoint as dockerd sees it, beside Debian's driver, and an address out of ten thousand,
// with OVN central on the same host; what does not grow with the number of hosts; what containers notice.
import { runInside, withHosts } from './kit/bed.mjs';
import { median, ms, ratio, row } from './kit/stats.mjs';

export default async function overlay({ quick }) {
  const one = await withHosts({ hosts: 1 }, ({ hosts }) => runInside(hosts[0], 'overlay.mjs', [quick ? 15 : 60]));
  const scale = await withHosts({ hosts: 1, meter: true }, ({ hosts }) =>
    runInside(hosts[0], 'overlay-scale.mjs', quick ? [15, 10, 1000] : [40, 100, 10_000], 900_000),
  );
  return [...attachRows(one), ...scaleRows(scale)];
}

function attachRows({ ours, floor, rival, detach, rivalDetach, ipam }) {
  const above = ratio(ours, floor);
  const faster = ratio(rival, ours);
  return [
    row('overlay attach (CreateEndpoint, Join)', {
      ours: ms(median(ours)),
      floor: ms(median(floor)),
      bar: `<= 1.25 x floor (is ${above.toFixed(2)})`,
      ok: above <= 1.25,
    }),
    row("  against Debian's driver, mended", {
      ours: ms(median(ours)),
      rival: ms(median(rival)),
      floor: ms(median(floor)),
      bar: `8 x faster (is ${faster.toFixed(1)}; floor ${ratio(rival, floor).toFixed(1)})`,
      ok: faster >= 8,
    }),
    row('overlay detach (Leave, DeleteEndpoint)', { ours: ms(median(detach)), rival: ms(median(rivalDetach)) }),
    row('overlay address, 10000 in use', { ours: ms(median(ipam)), bar: '<= 3 ms', ok: median(ipam) <= 3 }),
  ];
}

function scaleRows({ alone, among, aloneMB, amongMB, hosts, ports }) {
  const [few, many] = [median(alone), median(among)];
  const where = `${hosts} hosts, ${ports} ports`;
  return [
    row(`our own share of an overlay attach (CPU), alone / ${where}`, {
      ours: `${ms(few)} / ${ms(many)}`,
      bar: `<= 1.5 x (is ${(many / few).toFixed(2)})`,
      ok: many <= 1.5 * few,
    }),
    row(`daemon memory (RSS), alone / ${where}`, {
      ours: `${aloneMB.toFixed(0)} / ${amongMB.toFixed(0)} MB`,
      bar: '<= 200 MB',
      ok: amongMB <= 200,
    }),
  ];
}
