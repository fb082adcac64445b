// Networks over many hosts: one endpoint as dockerd sees it, and an address out of ten thousand, with OVN central on
// the same host.
import { fileURLToPath } from 'node:url';
import { MultiHost } from '@linecard/testkit';
import { median, ms, ratio, row } from './kit/stats.mjs';

const script = fileURLToPath(new URL('inside/overlay.mjs', import.meta.url));

export default async function overlay({ quick }) {
  const all = await MultiHost.create({ hosts: 1 });
  try {
    const [host] = all.hosts;
    await host.linecard('ovn', 'central', '--address', all.address(0));
    await host.linecard('ovn', 'join', all.address(0));
    await host.daemon();
    const { stdout } = await host.exec(['node', script, quick ? '15' : '60'], { timeoutMs: 200_000 });
    return rowsOf(JSON.parse(stdout.trim().split('\n').at(-1)));
  } finally {
    await all.destroy();
  }
}

function rowsOf({ ours, floor, ipam }) {
  const above = ratio(ours, floor);
  return [
    row('overlay attach (CreateEndpoint, Join)', {
      ours: ms(median(ours)),
      floor: ms(median(floor)),
      bar: `<= 1.25 x floor (is ${above.toFixed(2)})`,
      ok: above <= 1.25,
    }),
    row('overlay address, 10000 in use', { ours: ms(median(ipam)), bar: '<= 3 ms', ok: median(ipam) <= 3 }),
  ];
}
