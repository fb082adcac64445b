// A host among few, then among a hundred with ten thousand ports: the daemon's own share of an attach, and its memory.
// The other hosts are rows of the databases, as their daemons and ovn-controllers write them. argv: ROUNDS HOSTS PORTS
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Addresses, editEndpoint, editNetwork, Northbound } from '@linecard/ovn';
import { parseCidr } from '@linecard/wire';
import { residentMB } from '../kit/daemon-process.mjs';
import { Floor } from '../kit/floor.mjs';
import { Meter } from '../kit/meter-client.mjs';
import { addressAt, newId, PluginClient } from '../kit/plugin.mjs';

const run = promisify(execFile);
const [rounds, hosts, ports] = process.argv.slice(2).map(Number);
const plugin = await PluginClient.connect('/run/docker/plugins/openvswitch.sock');
const floor = await Floor.open();
const meter = await Meter.connect();
const nb = new Northbound({ endpoint: 'unix:/run/ovn/ovnnb_db.sock' });
nb.start();
await nb.whenReady(10_000);

const network = newId();
await plugin.call('CreateNetwork', {
  NetworkID: network,
  Options: { 'com.docker.network.generic': {} },
  IPv4Data: [{ AddressSpace: 'linecard', Pool: '10.100.0.0/16', Gateway: '10.100.255.254/16' }],
  IPv6Data: [],
});

/** What each of some attaches uses of the daemon's processor time, until Docker has its answer. */
async function shares(count) {
  const found = [];
  for (let n = 0; n < count; n++) {
    const id = newId();
    found.push(await meter.used(() => plugin.attach(network, id, addressAt(n))));
    await floor.settle();
    await plugin.detach(network, id);
    await floor.settle();
  }
  return found;
}

const nameOf = (n) => `sim${n}`;

/** What the driver of another host writes for a network and all its containers. */
async function populate(n, count) {
  const host = nameOf(n);
  const addresses = new Addresses(nb, { host, quarantineMs: 0 });
  const pool = parseCidr(`10.${101 + (n >> 8)}.${n & 255}.0/24`);
  const subnets = [{ pool }];
  const one = { switch: `net-${host}`, host, id: newId(), label: `net-${host}`, subnets };
  await nb.write((tx) => editNetwork(nb, tx, one), { what: `make ${one.switch}` });
  const endpoints = Array.from({ length: count }, (_, i) => ({
    ...{ id: newId(), switch: one.switch, host, mac: '02:42:00:00:00:01', space: 'linecard', ofport: i + 1 },
    addresses: [`10.${101 + (n >> 8)}.${n & 255}.${i + 2}`],
    network: one.label,
    container: { id: newId(), name: `${host}-web${i}` },
  }));
  const write = (tx) => {
    for (const endpoint of endpoints) editEndpoint(nb, tx, addresses, endpoint);
  };
  await nb.replica.waitFor(() => nb.switch(one.switch), { timeoutMs: 10_000, what: one.switch });
  await nb.write(write, { what: `make the ports of ${host}` });
  return endpoints.map(({ id }) => id);
}

// What ovn-controller of another host writes.
const sb = (...args) => run('ovn-sbctl', ['--timeout=60', ...args]);
const addChassis = async (n) => {
  await sb('chassis-add', nameOf(n), 'geneve', `198.51.100.${n + 1}`);
  // A sign of life for all time to come: what belongs to silent hosts is collected.
  await sb('create', 'Chassis_Private', `name=${nameOf(n)}`, 'nb_cfg=1000000000');
};
const bind = (n, endpoints) => sb(...endpoints.flatMap((id) => ['--', 'lsp-bind', id, nameOf(n)]));

const result = {};
await shares(100); // what is compiled on the way is not what is measured
result.alone = await shares(rounds);
result.aloneMB = residentMB();
const all = [];
// The chassis first: ports of a host that has none are collected.
for (let n = 0; n < hosts; n++) await addChassis(n);
for (let n = 0; n < hosts; n++) all.push(await populate(n, ports / hosts));
await run('ovn-nbctl', ['--timeout=300', '--wait=sb', 'sync']);
for (let n = 0; n < hosts; n++) await bind(n, all[n]);
// That all of them are up comes to each host as news, and is no part of an attach; nor is what V8 does about it.
await run('ovn-nbctl', ['--timeout=300', '--wait=sb', 'sync']);
await shares(10);
result.among = await shares(rounds);
result.amongMB = residentMB();
console.log(JSON.stringify(result));
process.exit();
