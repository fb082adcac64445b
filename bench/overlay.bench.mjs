// Networks over many hosts: one endpoint as dockerd sees it, beside Debian's driver, and an address out of ten thousand,
// with OVN central on the same host.
import { runInside, withHosts } from './kit/bed.mjs';
import { median, ms, ratio, row } from './kit/stats.mjs';

export default async function overlay({ quick }) {
  const one = await withHosts({ hosts: 1 }, ({ hosts }) => runInside(hosts[0], 'overlay.mjs', [quick ? 15 : 60]));
  return rowsOf(one);
}

function rowsOf({ ours, floor, rival, detach, rivalDetach, ipam }) {
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
