// One bridge from 10 to 1000 endpoints: the daemon's own share of an attach, a burst, memory, and rest.
// argv: ROUNDS REST_SECONDS
import { cpuMs, residentMB } from '../kit/daemon-process.mjs';
import { Floor } from '../kit/floor.mjs';
import { Meter } from '../kit/meter-client.mjs';
import { addressAt, attachMany, newId, PluginClient } from '../kit/plugin.mjs';
import { timed } from '../kit/stats.mjs';

const [rounds, restSeconds] = process.argv.slice(2).map(Number);
const bridge = 'lcbench';
const network = newId();
const plugin = await PluginClient.connect();
const floor = await Floor.open();
const meter = await Meter.connect();
const result = {};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function detachAll(ids) {
  await Promise.all(
    ids.map(async (id) => {
      const client = await PluginClient.connect();
      await client.detach(network, id);
      client.close();
    }),
  );
  await floor.settle();
}

/**
 * The processor time of the daemon for each of some attaches: until Docker has its answer, and what follows of it (the
 * kernel's and Open vSwitch's news, the log).
 */
async function shares(count) {
  const found = { attach: [], afterwards: [] };
  for (let n = 0; n < count; n++) {
    const id = newId();
    found.attach.push(await meter.used(() => plugin.attach(network, id, addressAt(0))));
    found.afterwards.push(await meter.used(() => floor.settle()));
    await plugin.detach(network, id);
    await floor.settle();
  }
  return found;
}

await plugin.createNetwork(network, { 'ovs.bridge.name': bridge });
await attachMany(network, 9, { firstAddress: 10 });
await shares(100); // what is compiled on the way is not what is measured
result.shareAt10 = await shares(rounds);
await attachMany(network, 791, { firstAddress: 100, width: 200 });
await floor.settle();
result.burst = [];
result.floorBurst = [];
let burst = [];
for (let n = 0; n < 2; n++) {
  result.burst.push(
    await timed(async () => {
      burst = await attachMany(network, 200, { firstAddress: 2000, width: 200 });
    }),
  );
  await floor.settle();
  await detachAll(burst);
  const names = Array.from({ length: 200 }, (_, i) => `bf${n}x${i}`);
  result.floorBurst.push(await timed(() => floor.attachMany(bridge, names)));
  await floor.settle();
  await floor.detachMany(bridge, names);
  await floor.settle(...names);
}
await attachMany(network, 199, { firstAddress: 2000, width: 200 });
await floor.settle();
result.shareAt1000 = await shares(rounds);
await attachMany(network, 1, { firstAddress: 3000 });
await floor.settle();
// V8 tidies the heap up after a burst, for the last time some eight seconds after all is quiet: rest begins then.
for (let quiet = 0, seconds = 0; quiet < 10 && seconds < 90; seconds++) {
  const start = cpuMs();
  await sleep(1000);
  quiet = cpuMs() === start ? quiet + 1 : 0;
}
const before = cpuMs();
await sleep(restSeconds * 1000);
result.restingCpuMs = cpuMs() - before;
result.restSeconds = restSeconds;
result.residentMB = residentMB();
console.log(JSON.stringify(result));
process.exit(0);
