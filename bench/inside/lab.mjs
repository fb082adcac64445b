// A lab of rings against `docker run` of the same containers, in turns. argv: NODES ROUNDS
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deployLab, destroyLab, inspectLabs, readLab, World } from '@linecard/lab';
import { timed } from '../kit/stats.mjs';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
const [count, rounds] = process.argv.slice(2).map(Number);
const workers = 4;
const env = { ...process.env, LINECARD_DOCKER: '/run/docker.sock' };
const lab = (...args) => run('node', [main, 'lab', ...args], { env, maxBuffer: 64 << 20 });

/** Runs `work` for each number below `count`, as many at once as the lab does. */
async function parallel(work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

/** `nodes` containers and `links` cables in rings of different steps. */
function topology(name, nodes, links) {
  const lines = Array.from({ length: nodes }, (_, i) => `    n${i}: {}`);
  const cables = Array.from({ length: links }, (_, i) => {
    const [from, step] = [i % nodes, 1 + Math.floor(i / nodes)];
    return `    - endpoints: ["n${from}:o${step}", "n${(from + 1) % nodes}:i${step}"]`;
  });
  const file = `/run/labs/${name}.clab.yml`;
  const defaults = '  defaults: {kind: linux, image: busybox, cmd: sleep 1000}';
  const text = [`name: ${name}`, 'topology:', defaults, '  nodes:', ...lines, '  links:', ...cables, ''].join('\n');
  mkdirSync('/run/labs', { recursive: true });
  writeFileSync(file, links === 0 ? text.replace('  links:\n', '') : text);
  return file;
}

const docker = (...args) => run('docker', args);
// As the one that a lab's containers are managed through.
await docker('network', 'create', '--ipv6', '--subnet', '172.29.0.0/24', '--subnet', '3fff:172:29::/64', 'rival');
const start = (i) => docker('run', '-td', '--name', `rival${i}`, '--network', 'rival', 'busybox', 'sleep', '1000');
await start(count);
await docker('rm', '-f', `rival${count}`);
const file = topology('large', count, count * 3);
const world = new World({ docker: '/run/docker.sock' });
const result = { run: [], remove: [], deploy: [], destroy: [], inspect: [] };
for (let round = 0; round < rounds; round++) {
  result.run.push(await timed(() => parallel(start)));
  result.remove.push(await timed(() => parallel((i) => docker('rm', '-f', `rival${i}`))));
  result.deploy.push(await timed(() => lab('deploy', '-t', file, '--max-workers', String(workers))));
  // Seen from a process that runs already: how long a program starts is another matter.
  await inspectLabs(world, 'large');
  result.inspect.push(await timed(() => inspectLabs(world, 'large')));
  result.destroy.push(await timed(() => lab('destroy', '-t', file, '--max-workers', String(workers))));
}

const took = async (name, links) => {
  const small = readLab(topology(name, 4, links));
  const ms = await timed(() => deployLab(world, small, { maxWorkers: workers }));
  await destroyLab(world, name);
  return ms;
};
await took('warm', 4);
const links = [];
for (let round = 0; round < 5; round++) links.push(((await took('many', 304)) - (await took('few', 4))) / 300);
await world.close();
console.log(JSON.stringify({ ...result, link: links }));
