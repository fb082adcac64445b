// `docker run -d` and `docker rm -f` on different networks in turns. argv: ROUNDS
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { timed } from '../kit/stats.mjs';

const run = promisify(execFile);
const docker = (...args) => run('docker', args);
const rounds = Number(process.argv[2]);
const userspace = ['-o', 'ovs.bridge.userspace=true'];
await docker('network', 'create', 'docker-bridge');
await docker('network', 'create', '-d', 'ovs', ...userspace, 'ovs-flat');
await docker('network', 'create', '-d', 'ovs', ...userspace, '-o', 'ovs.bridge.mode=nat', 'ovs-nat');
const networks = ['docker-bridge', 'ovs-flat', 'ovs-nat'];
const result = Object.fromEntries(networks.map((network) => [network, { run: [], remove: [] }]));

for (let n = -2; n < rounds; n++) {
  const order = networks.map((_, i) => networks[(i + n + 30) % networks.length]);
  for (const network of order) {
    const name = `c${network}${n}`;
    const took = await timed(() =>
      docker('run', '-d', '--name', name, `--network=${network}`, 'busybox', 'sleep', '1000'),
    );
    const removed = await timed(() => docker('rm', '-f', name));
    if (n >= 0) {
      result[network].run.push(took);
      result[network].remove.push(removed);
    }
  }
}
console.log(JSON.stringify(result));
