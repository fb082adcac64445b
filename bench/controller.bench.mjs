// The OpenFlow controller against os-ken, the living Ryu.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('inside/controller.mjs', import.meta.url));

export default async function controller({ quick }) {
  const argv = [script, ...(quick ? ['--quick'] : [])];
  const { status, stdout } = spawnSync(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the benchmark of the controller ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
