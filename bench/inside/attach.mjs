// Attach and detach of one endpoint, by everybody in turns. argv: PORTS ROUNDS [docker]
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Floor, forkedAttach, forkedDetach } from '../kit/floor.mjs';
import { addressAt, attachMany, newId, PluginClient } from '../kit/plugin.mjs';
import { timed } from '../kit/stats.mjs';

const run = promisify(execFile);
const [ports, rounds] = process.argv.slice(2, 4).map(Number);
const hasDocker = process.argv[4] === 'docker';
const container = 'plugged';
const bridge = 'lcbench';
const network = newId();
const plugin = await PluginClient.connect();
await plugin.createNetwork(network, { 'ovs.bridge.name': bridge });
if (hasDocker) await run('docker', ['run', '-td', '--name', container, '--net=none', 'busybox']);
await attachMany(network, ports, { width: 100, firstAddress: 1000 });
const floor = await Floor.open();
const result = { ours: [], floor: [], forked: [], ovsDocker: [], detach: [], floorDetach: [], forkedDetach: [] };
const newName = () => `bf${randomBytes(5).toString('hex')}`;

async function ours() {
  const id = newId();
  const took = await timed(() => plugin.attach(network, id, addressAt(0)));
  await floor.settle();
  const left = await timed(() => plugin.detach(network, id));
  await floor.settle();
  return [took, left];
}

async function atTheFloor() {
  const name = newName();
  const took = await timed(() => floor.attach(bridge, name));
  await floor.settle();
  const left = await floor.detach(bridge, name);
  await floor.settle(name);
  return [took, left];
}

async function forked(n) {
  const name = newName();
  const took = await timed(() => forkedAttach(bridge, name, { mac: '02:00:00:00:00:01', ofport: 40_000 + n }));
  await floor.settle();
  const left = await timed(() => forkedDetach(bridge, name));
  await floor.settle();
  return [took, left];
}

async function byOvsDocker() {
  const took = await timed(() => run('ovs-docker', ['add-port', bridge, 'eth9', container]));
  await run('ovs-docker', ['del-port', bridge, 'eth9', container]);
  await floor.settle();
  return took;
}

// What is compiled on the way is not what is measured.
for (let n = 0; n < 30; n++) await Promise.all([ours(), atTheFloor()]);
for (let n = 0; n < rounds; n++) {
  const turns = [
    async () => {
      const [took, left] = await ours();
      result.ours.push(took);
      result.detach.push(left);
    },
    async () => {
      const [took, left] = await atTheFloor();
      result.floor.push(took);
      result.floorDetach.push(left);
    },
  ];
  // Who goes first has just seen the other's quiet: take turns at that, too.
  for (const turn of n % 2 === 0 ? turns : turns.reverse()) await turn();
  if (n % 4 !== 0) continue;
  const [took, left] = await forked(n);
  result.forked.push(took);
  result.forkedDetach.push(left);
  if (hasDocker) result.ovsDocker.push(await byOvsDocker());
}
await floor.close();
plugin.close();
console.log(JSON.stringify(result));
process.exit(0);
