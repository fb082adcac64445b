// The controller against os-ken, in one run; prints its rows as JSON. Everything happens on the loopback of a network
// namespace of its own, so it needs root (and the packages python3-os-ken and openvswitch-switch for the parts that
// compare and confirm).
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { flowsOnOvs } from './peers/ovs-flows.mjs';

const here = (name) => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const quick = process.argv.includes('--quick');
const ms = quick ? 1500 : 5000;

/** Runs again in a fresh network namespace: no byte of this leaves it. */
function enterNamespace() {
  const command = `ip link set lo up && exec "$0" "$@"`;
  const argv = [
    '--net',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    command,
    process.execPath,
    ...process.argv.slice(1),
  ];
  const env = { ...process.env, LINECARD_BENCH_INSIDE: '1' };
  process.exit(spawnSync('unshare', argv, { stdio: 'inherit', env }).status ?? 1);
}

/** The generator of cbench.mjs as a process: `await generator.order('flood', {...})`. */
function startGenerator() {
  const child = fork(here('cbench.mjs'));
  return async (order, options = {}) => {
    child.send({ order, options });
    const [{ result, error }] = await once(child, 'message');
    if (error) throw new Error(error);
    return result;
  };
}

async function reachable(port) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = createConnection({ host: '127.0.0.1', port });
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').catch(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (outcome === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody listens on port ${port}`);
}

async function startNode(script, ...argv) {
  const child = fork(here(script), argv);
  await once(child, 'message');
  return child;
}

/** For processes whose allocations are counted: nothing is collected before 256 MB of them. */
const uncollected = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

async function startOsKen(port) {
  const argv = ['--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', String(port), here('simple_switch_13.py')];
  const child = spawn('/usr/bin/osken-manager', argv, { stdio: 'ignore' });
  await reachable(port);
  return child;
}

async function stop(child) {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Throughput with a window, latency at half of it, and one packet at a time. */
async function answers(port, window, time) {
  const target = { host: '127.0.0.1', port };
  const order = startGenerator();
  await order('open', { target, switches: 4, macs: 1000 });
  await order('flood', { window, ms: time / 2 });
  const flood = await order('flood', { window, ms: time });
  const half = await steady(order, flood.perSecond / 2, time);
  const { errors } = await order('close');
  return { flood, half, errors };
}

/** The median of five: what else the machine does for a moment is not what is measured here. */
async function steady(order, perSecond, time) {
  const rounds = [];
  for (let round = 0; round < 5; round++) rounds.push(await order('paced', { perSecond, ms: time / 4 }));
  return rounds.sort((a, b) => a.p99 - b.p99)[2];
}

async function oneByOne(port, time) {
  const order = startGenerator();
  await order('open', { target: { host: '127.0.0.1', port }, switches: 1, macs: 1000 });
  await order('oneByOne', { ms: time / 4 });
  const single = await order('oneByOne', { ms: time / 2 });
  await order('close');
  return single;
}

/** What generator, sockets and kernel take by themselves: one at a time, and at a steady rate. */
async function bounced(perSecond, time) {
  const target = { host: '127.0.0.1', port: 6700 };
  const child = await startNode('bounce.mjs', String(target.port));
  const alone = startGenerator();
  await alone('connectOnly', { target, switches: 1 });
  await alone('oneByOne', { ms: time / 4 });
  const single = await alone('oneByOne', { ms: time / 2 });
  await alone('close');
  const many = startGenerator();
  await many('connectOnly', { target, switches: 4 });
  const half = await steady(many, perSecond, time);
  await many('close');
  await stop(child);
  return { single, half };
}

async function memoryOf(port, count) {
  const child = await startNode('linecard.mjs', `tcp:127.0.0.1:${port}`);
  const order = startGenerator();
  await order('connectOnly', { target: { host: '127.0.0.1', port }, switches: count });
  child.send('memory');
  const [memory] = await once(child, 'message');
  await order('close');
  await stop(child);
  return memory;
}

/** Bytes of the heap that one packet-in costs: the codec's share that is nobody's, and all until it is answered. */
async function garbageOf(port) {
  const counter = fork(here('garbage.mjs'), [], { execArgv: uncollected });
  const [codec] = await once(counter, 'message');
  await stop(counter);
  const child = fork(here('linecard.mjs'), [`tcp:127.0.0.1:${port}`], { execArgv: uncollected });
  await once(child, 'message');
  const order = startGenerator();
  await order('open', { target: { host: '127.0.0.1', port }, switches: 4, macs: 1000 });
  await order('flood', { window: 64, ms: 1000 });
  const heap = async () => {
    child.send('memory');
    return (await once(child, 'message'))[0].heapUsed;
  };
  // A round in which the heap was collected is told by its sign or its smallness: the largest of five is one without.
  const rounds = [];
  for (let round = 0; round < 5; round++) {
    const before = await heap();
    const { answered } = await order('flood', { window: 64, ms: 50 });
    rounds.push(((await heap()) - before) / answered);
  }
  await order('close');
  await stop(child);
  return { codec, all: Math.max(...rounds) };
}

async function compare() {
  const ours = await startNode('linecard.mjs', 'tcp:127.0.0.1:6701');
  const result = { ours: await answers(6701, 64, ms), oursSingle: await oneByOne(6701, ms) };
  await stop(ours);
  result.bounce = await bounced(result.ours.flood.perSecond / 2, ms);
  if (!existsSync('/usr/bin/osken-manager')) return result;
  const theirs = await startOsKen(6702);
  result.osken = await answers(6702, 64, ms);
  result.oskenSingle = await oneByOne(6702, ms);
  await stop(theirs);
  return result;
}

const micro = (ms) => (ms < 10 ? `${(ms * 1000).toFixed(0)} us` : `${ms.toFixed(0)} ms`);
const perSecond = (value) => `${Math.round(value).toLocaleString('en')}/s`;

/** Rows as those of run.mjs: what, ours, the rival's, the floor that nobody gets below, the bar, and whether it holds. */
function rowsOf({ ours, oursSingle, bounce, osken, oskenSingle }, garbage, memory, flows) {
  const times = osken && ours.flood.perSecond / osken.flood.perSecond;
  // Medians: whoever else runs for a moment has no part in what is ours.
  const own = Math.max(0, oursSingle.p50 - bounce.single.p50);
  const { codec } = garbage;
  const row = (what, mine, rival, bar, ok, floor = '') => ({ what, ours: mine, rival: rival ?? '', floor, bar, ok });
  const rows = [
    row(
      'packet-ins answered (4 switches, 1000 MACs, window 64)',
      `${perSecond(ours.flood.perSecond)}${times ? ` (${times.toFixed(0)}x)` : ''}`,
      osken && `${perSecond(osken.flood.perSecond)} (os-ken)`,
      '60x',
      times && times >= 60,
    ),
    row(
      '99th percentile at half load, median of 5 runs',
      micro(ours.half.p99),
      osken && micro(osken.half.p99),
      '2 ms',
      ours.half.p99 < 2,
      `${micro(bounce.half.p99)} (bare socket)`,
    ),
    row(
      'one packet-in at a time',
      `${micro(oursSingle.p50)} (${micro(own)} of our own)`,
      oskenSingle && micro(oskenSingle.p50),
      '60 us of our own',
      own < 0.06,
      `${micro(bounce.single.p50)} (bare socket)`,
    ),
    row(
      'garbage of the codec: packet-in, flow-mod, packet-out',
      `${Math.round(codec.bytes)} B (${(codec.bytes / codec.fields).toFixed(0)} B a field)`,
      '',
      'under 16 B a field: no object',
      codec.bytes < 16 * codec.fields,
      `${codec.packet} B (the packet-in)`,
    ),
    row('all objects made for a packet-in and its answer', `${Math.round(garbage.all)} B`, '', '', undefined),
    row('200 switches, resident memory', `${Math.round(memory.rss / 1e6)} MB`, '', '150 MB', memory.rss < 150e6),
  ];
  if (flows === undefined) return rows;
  const first = row('10,000 flows confirmed by Open vSwitch', micro(flows.firstMs), '', '2 s', flows.firstMs < 2000);
  const again = row('the same again: changes sent', String(flows.changedAgain), '', '0', flows.changedAgain === 0);
  return [...rows, first, again];
}

if (!process.env.LINECARD_BENCH_INSIDE) enterNamespace();
const result = await compare();
const garbage = await garbageOf(6704);
const memory = await memoryOf(6703, 200);
const flows = existsSync('/usr/sbin/ovs-vswitchd') ? await flowsOnOvs(10_000) : undefined;
const rows = rowsOf(result, garbage, memory, flows);
console.log(JSON.stringify(rows));
process.exit(0);
