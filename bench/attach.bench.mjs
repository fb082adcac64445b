// One endpoint: attach and detach as dockerd sees them.
import { inBed } from './kit/bed.mjs';
import { median, ms, ratio, row } from './kit/stats.mjs';

const bars = [
  { ports: 20, rounds: 80, docker: true },
  { ports: 200, rounds: 40, docker: false },
];

export default async function attach({ quick }) {
  const rows = [];
  for (const { ports, rounds, docker } of bars) {
    const argv = [String(ports), String(quick ? 12 : rounds), docker ? 'docker' : ''];
    const found = await inBed('attach.mjs', { argv, docker });
    rows.push(...rowsOf(`${ports} ports on the bridge`, found));
  }
  return rows;
}

function rowsOf(where, found) {
  const [ours, floor, forked] = [found.ours, found.floor, found.forked].map(median);
  const [detach, floorDetach, forkedDetach] = [found.detach, found.floorDetach, found.forkedDetach].map(median);
  const above = ratio(found.ours, found.floor);
  const own = median(found.ours.map((value, i) => value - found.floor[i]));
  return [
    row(`attach (CreateEndpoint, Join), ${where}`, {
      ours: ms(ours),
      floor: ms(floor),
      bar: `<= 1.25 x floor (is ${above.toFixed(2)})`,
      ok: above <= 1.25,
    }),
    row('  our own share: longer than the floor', { ours: ms(own), bar: '<= 1 ms', ok: own <= 1 }),
    row('  against forked ip, ethtool, ovs-vsctl', {
      ours: ms(ours),
      rival: ms(forked),
      floor: ms(floor),
      // Nobody can do better than the floor: at most this many times faster.
      bar: `12 x faster (is ${(forked / ours).toFixed(1)}; floor ${(forked / floor).toFixed(1)})`,
      ok: forked >= 12 * ours,
    }),
    ...(found.ovsDocker.length === 0 ? [] : [againstOvsDocker(ours, floor, median(found.ovsDocker))]),
    row(`detach (Leave, DeleteEndpoint), ${where}`, {
      ours: ms(detach),
      rival: `${ms(forkedDetach)} (forked)`,
      floor: ms(floorDetach),
      bar: '<= 5 ms',
      ok: detach <= 5,
    }),
  ];
}

function againstOvsDocker(ours, floor, rival) {
  const bar = `12 x faster (is ${(rival / ours).toFixed(1)})`;
  return row('  against ovs-docker add-port', {
    ours: ms(ours),
    rival: ms(rival),
    floor: ms(floor),
    bar,
    ok: rival >= 12 * ours,
  });
}
