// Between containers of two hosts: TCP, against ports made by hand on the same logical switch, and the first answer that
// a new container gets.
import { runInside, withHosts } from './kit/bed.mjs';
import { copyResolverRules } from './kit/resolver.mjs';
import { median, ms, ratio, row } from './kit/stats.mjs';

// What geneve leaves of 1500 bytes.
const mtu = 1442;

export default function overlayTraffic({ quick }) {
  return withHosts({ hosts: 2, docker: true }, async (all) => {
    const network = ['network', 'create', '-d', 'openvswitch', '--ipam-driver', 'openvswitch'];
    for (const host of all.hosts) {
      await host.docker(...network, '--subnet', '10.9.0.0/16', '-o', 'ovn.switch=net', 'net');
    }
    const ours = await containers(all);
    const pairs = { ours, hand: await byHand(all, ours) };
    const first = await runInside(all.hosts[1], 'first-ping.mjs', [quick ? 5 : 20, pairs.ours[0].address]);
    const found = { ours: [], hand: [] };
    for (let n = -1; n < (quick ? 3 : 32); n++) {
      for (const who of n % 2 === 0 ? ['ours', 'hand'] : ['hand', 'ours']) {
        const gbits = await throughput(pairs[who]);
        if (n >= 0) found[who].push(gbits);
      }
    }
    return rowsOf(found, first);
  });
}

function rowsOf(found, first) {
  const share = ratio(found.ours, found.hand);
  const gbits = (values) => `${median(values).toFixed(2)} Gbit/s`;
  return [
    row('TCP between containers of two hosts', {
      ours: gbits(found.ours),
      rival: `${gbits(found.hand)} (by hand)`,
      bar: `>= 0.97 x by hand (is ${share.toFixed(2)})`,
      ok: share >= 0.97,
    }),
    row("a new container's first answer from another host, after `docker run`", {
      ours: ms(median(first)),
      bar: '<= 150 ms',
      ok: median(first) <= 150,
    }),
  ];
}

function containers({ hosts }) {
  const start = async (host, i) => {
    const address = `10.9.1.${i + 1}`;
    await host.docker('run', '-d', '--name', 'end', '--net=net', '--ip', address, 'busybox', 'sleep', '1000');
    const pid = await host.docker('inspect', '-f', '{{.State.Pid}}', 'end');
    return { host, address, enter: ['nsenter', '-t', pid, '-n'] };
  };
  return Promise.all(hosts.map(start));
}

async function byHand({ hosts }, containers) {
  const ends = [];
  for (const [i, host] of hosts.entries()) {
    const [port, address, mac] = [`hand${i}`, `10.9.2.${i + 1}`, `02:00:00:00:02:0${i + 1}`];
    const sh = (line) => host.exec(['sh', '-ec', line]);
    const addresses = ['lsp-set-addresses', port, `${mac} ${address}`];
    await hosts[0].exec(['ovn-nbctl', '--wait=sb', 'lsp-add', 'net', port, '--', ...addresses]);
    await sh(`ip netns add hand; ip link add ho mtu ${mtu} type veth peer name hi mtu ${mtu}; ethtool -K hi tx off`);
    await sh(`ip link set hi address ${mac} netns hand name eth0; ip link set ho up`);
    await sh(`ip -n hand address add ${address}/16 dev eth0; ip -n hand link set eth0 up`);
    await sh(`ovs-vsctl add-port br-int ho -- set Interface ho external_ids:iface-id=${port}`);
    const enter = ['ip', 'netns', 'exec', 'hand'];
    await sh(copyResolverRules(containers[i].enter, enter));
    ends.push({ host, address, enter });
  }
  await hosts[0].exec(['ovn-nbctl', '--wait=hv', 'sync']);
  return ends;
}

/** Gbit/s from the first end to the second, as the receiver counts them. */
async function throughput([from, to]) {
  // In the background it returns when it listens.
  await to.host.exec([...to.enter, 'iperf3', '-s', '-1', '-D']);
  const client = [...from.enter, 'iperf3', '-c', to.address, '-t', '1', '-O', '0.3', '-J'];
  const { stdout } = await from.host.exec(client, { timeoutMs: 30_000 });
  return JSON.parse(stdout).end.sum_received.bits_per_second / 1e9;
}
