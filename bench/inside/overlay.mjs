// Attach of one endpoint to a logical switch, and the least that it can cost: the logical port's transaction at the
// same time as the link's and interface's. argv: ROUNDS
import { randomBytes } from 'node:crypto';
import { Addresses, Northbound } from '@linecard/ovn';
import { parseCidr } from '@linecard/wire';
import { Floor } from '../kit/floor.mjs';
import { addressAt, newId, PluginClient } from '../kit/plugin.mjs';
import { timed } from '../kit/stats.mjs';
import { OvnDocker } from './peers/ovn-docker.mjs';

const rounds = Number(process.argv[2]);
const bridge = 'br-int';
const inUse = 10_000;
const plugin = await PluginClient.connect('/run/docker/plugins/openvswitch.sock');
const network = newId();
const [pool, gateway] = ['10.100.0.0/16', '10.100.255.254/16'];
await plugin.call('CreateNetwork', {
  NetworkID: network,
  Options: { 'com.docker.network.generic': {} },
  IPv4Data: [{ AddressSpace: 'linecard', Pool: pool, Gateway: gateway }],
  IPv6Data: [],
});
const floor = await Floor.open();
const nb = new Northbound({ endpoint: 'unix:/run/ovn/ovnnb_db.sock' });
nb.start();
await nb.whenReady(10_000);
const rival = await OvnDocker.start();
const rivalNetwork = newId();
await rival.call('CreateNetwork', { NetworkID: rivalNetwork, IPv4Data: [{ Pool: pool, Gateway: gateway }] });
const result = { ours: [], floor: [], rival: [], detach: [], rivalDetach: [], ipam: [] };
const owner = nb.switch(network)._uuid;

/** How long a driver takes for an endpoint, and for letting it go. */
async function endpoint(driver, where, n) {
  const id = newId();
  const attach = await timed(() => driver.attach(where, id, addressAt(n)));
  await floor.settle();
  const detach = await timed(() => driver.detach(where, id));
  await floor.settle();
  return { attach, detach };
}

function writePort(name, n) {
  const addresses = [`02:00:00:00:00:01 ${addressAt(n).split('/')[0]}`];
  const write = (tx) => {
    const port = tx.insert('Logical_Switch_Port', { name, addresses, port_security: addresses });
    tx.insert('DNS', { external_ids: { floor: name } });
    tx.mutate('Logical_Switch', owner, [['ports', 'insert', [port]]]);
  };
  return nb.write(write, { what: 'write a port' });
}

/** What is left would make everybody slower from round to round, and most who reads the whole database each time. */
function forgetPort(tx, name) {
  tx.mutate('Logical_Switch', owner, [['ports', 'delete', [nb.port(name)._uuid]]]);
  tx.delete('DNS', [['external_ids', 'includes', { floor: name }]]);
}

async function atTheFloor(n) {
  const name = `bf${randomBytes(5).toString('hex')}`;
  const took = await timed(() => Promise.all([writePort(name, n), floor.attach(bridge, name, { 'iface-id': name })]));
  await floor.settle();
  await floor.detach(bridge, name);
  await nb.write((tx) => forgetPort(tx, name), { what: 'remove a port' });
  await floor.settle(name);
  return took;
}

async function round(n) {
  const ours = await endpoint(plugin, network, n);
  const theirs = await endpoint(rival, rivalNetwork, n);
  return { ours, theirs, floor: await atTheFloor(n) };
}

// What is compiled on the way is not what is measured: V8 goes on with that for a hundred attaches, on all processors.
for (let n = 0; n < 100; n++) await Promise.all([endpoint(plugin, network, 1), atTheFloor(n)]);
for (let n = 0; n < 4; n++) await round(n);
for (let n = 0; n < rounds; n++) {
  const { ours, theirs, floor } = await round(100 + n);
  result.ours.push(ours.attach);
  result.detach.push(ours.detach);
  result.rival.push(theirs.attach);
  result.rivalDetach.push(theirs.detach);
  result.floor.push(floor);
}
await rival.call('DeleteNetwork', { NetworkID: rivalNetwork });
await rival.stop();

const addresses = new Addresses(nb, { host: 'others', quarantineMs: 0 });
const space = { space: 'linecard', subnet: parseCidr(pool) };
for (let done = 0; done < inUse; done += 100) {
  await Promise.all(Array.from({ length: 100 }, () => addresses.allocate(space)));
}
const { PoolID } = await plugin.call('IpamDriver.RequestPool', { Pool: pool, SubPool: '', Options: {}, V6: false });
for (let n = 0; n < rounds; n++) {
  const request = { PoolID, Address: '', Options: {} };
  result.ipam.push(await timed(() => plugin.call('IpamDriver.RequestAddress', request)));
}
await nb.close();
await floor.close();
console.log(JSON.stringify(result));
process.exit();
