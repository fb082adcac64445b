// What people wait for: `docker run -d` on our networks and on Docker's own bridge.
import { inBed } from './kit/bed.mjs';
import { median, ms, ratio, row } from './kit/stats.mjs';

// Two medians of the same thing differ by this much here.
const noise = 1.05;

export default async function dockerRun({ quick }) {
  const found = await inBed('docker-run.mjs', { docker: true, argv: [quick ? '5' : '20'], timeoutMs: 600_000 });
  const rival = found['docker-bridge'];
  return ['flat', 'nat'].flatMap((mode) => {
    const ours = found[`ovs-${mode}`];
    return ['run', 'remove'].map((what) => {
      const [mine, theirs] = [median(ours[what]), median(rival[what])];
      const slower = ratio(ours[what], rival[what]);
      const title = what === 'run' ? `docker run -d, mode ${mode}` : `docker rm -f, mode ${mode}`;
      const bar = what === 'run' ? `no slower, 5 % noise (is ${slower.toFixed(2)} x)` : '';
      const ok = what === 'run' ? slower <= noise : undefined;
      return row(title, { ours: ms(mine), rival: `${ms(theirs)} (Docker's bridge)`, bar, ok });
    });
  });
}
