// What a lab costs on top of Docker starting its containers: `docker run` of as many containers, as many at once.
import { fileURLToPath } from 'node:url';
import { Bed } from '@linecard/testkit';
import { median, ms, ratio, row } from './kit/stats.mjs';

const inside = fileURLToPath(new URL('./inside/lab.mjs', import.meta.url));

export default async function lab({ quick }) {
  const bed = await Bed.create({ docker: true });
  try {
    await bed.exec(['cp', '/etc/hosts', '/run/hosts']);
    await bed.exec(['mount', '--bind', '/run/hosts', '/etc/hosts']);
    const nodes = quick ? 20 : 100;
    const { stdout } = await bed.exec(['node', inside, String(nodes), quick ? '1' : '3'], { timeoutMs: 900_000 });
    return rows(nodes, JSON.parse(stdout.trim().split('\n').at(-1)));
  } finally {
    await bed.destroy();
  }
}

function rows(nodes, { run, remove, deploy, destroy, inspect, link }) {
  const against = (title, ours, theirs, rival) => {
    const slower = ratio(ours, theirs);
    const bar = `1.3 x (is ${slower.toFixed(2)} x)`;
    return row(title, { ours: ms(median(ours)), rival: `${ms(median(theirs))} (${rival})`, bar, ok: slower <= 1.3 });
  };
  return [
    against(`lab deploy, ${nodes} nodes, ${nodes * 3} links`, deploy, run, 'docker run of the nodes'),
    against('lab destroy of it', destroy, remove, 'docker rm -f of the nodes'),
    row('lab inspect of it', { ours: ms(median(inspect)), bar: '300 ms', ok: median(inspect) <= 300 }),
    row('one more link', { ours: ms(median(link)), bar: '3 ms', ok: median(link) <= 3 }),
  ];
}
