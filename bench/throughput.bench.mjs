// TCP between two containers, against ports that were made by hand on the same kind of bridge.
import { inBed } from './kit/bed.mjs';
import { median, ratio, row } from './kit/stats.mjs';

export default async function throughput({ quick }) {
  const rows = [];
  for (const tso of [false, true]) {
    // A run differs from the next by a tenth; many short ones tell a twentieth.
    const argv = [quick ? '3' : '32', '1', tso ? 'tso' : 'plain'];
    const found = await inBed('throughput.mjs', { docker: true, tso, argv });
    const [ours, hand] = [found.ours, found.hand].map(median);
    const share = ratio(found.ours, found.hand);
    const gbits = (value) => `${value.toFixed(2)} Gbit/s`;
    rows.push(
      row(`TCP between two containers, userspace TSO ${tso ? 'on' : 'off'}`, {
        ours: gbits(ours),
        rival: `${gbits(hand)} (by hand)`,
        bar: `>= 0.97 x by hand (is ${share.toFixed(2)})`,
        ok: share >= 0.97,
      }),
    );
  }
  return rows;
}
