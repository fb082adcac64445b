// TCP between two containers on `-d ovs`, and between two namespaces on ports made by hand, in turns. argv: RUNS SECONDS tso|plain
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { copyResolverRules } from '../kit/resolver.mjs';

const run = promisify(execFile);
const [runs, seconds] = process.argv.slice(2, 4).map(Number);
const hasTso = process.argv[4] === 'tso';
const sh = (line) => run('sh', ['-ec', line]);

async function containers() {
  await run('docker', [
    'network',
    'create',
    '-d',
    'ovs',
    '-o',
    'ovs.bridge.userspace=true',
    '--subnet',
    '10.77.0.0/24',
    'n',
  ]);
  const ends = [];
  for (const [name, address] of [
    ['one', '10.77.0.10'],
    ['two', '10.77.0.11'],
  ]) {
    await run('docker', ['run', '-td', '--name', name, '--network', 'n', '--ip', address, 'busybox']);
    const { stdout } = await run('docker', ['inspect', '-f', '{{.State.Pid}}', name]);
    ends.push({ enter: ['nsenter', '-t', stdout.trim(), '-n'], address });
  }
  return ends;
}

async function byHand(container) {
  await sh('ovs-vsctl add-br hand -- set bridge hand datapath_type=netdev');
  const ends = [];
  for (const [name, address] of [
    ['ha', '10.78.0.10'],
    ['hb', '10.78.0.11'],
  ]) {
    await sh(`ip netns add ${name}; ip link add ${name}o type veth peer name ${name}i`);
    if (!hasTso) await sh(`ethtool -K ${name}i tx off`);
    await sh(`ip link set ${name}i netns ${name} name eth0; ip link set ${name}o up; ovs-vsctl add-port hand ${name}o`);
    await sh(`ip -n ${name} addr add ${address}/24 dev eth0; ip -n ${name} link set eth0 up`);
    const enter = ['ip', 'netns', 'exec', name];
    await sh(copyResolverRules(container.enter, enter));
    ends.push({ enter, address });
  }
  return ends;
}

/** Gbit/s from the first end to the second, as the receiver counts them. */
async function measure([from, to]) {
  const server = spawn(to.enter[0], [...to.enter.slice(1), 'iperf3', '-s', '-1', '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  const ended = once(server, 'exit');
  const client = [...from.enter.slice(1), 'iperf3', '-c', to.address, '-t', String(seconds), '-O', '0.3', '-J'];
  const { stdout } = await run(from.enter[0], client);
  await ended;
  return JSON.parse(stdout).end.sum_received.bits_per_second / 1e9;
}

const ours = await containers();
const pairs = { ours, hand: await byHand(ours[0]) };
const result = { ours: [], hand: [] };
for (const pair of Object.values(pairs)) await measure(pair);
for (let n = 0; n < runs; n++) {
  const order = n % 2 === 0 ? ['ours', 'hand'] : ['hand', 'ours'];
  for (const who of order) result[who].push(await measure(pairs[who]));
}
console.log(JSON.stringify(result));
