import { fileURLToPath } from 'node:url';
import { Bed } from '@linecard/testkit';
import { meterSocket } from './paths.mjs';

const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

/** As the daemon's systemd unit has it. */
const nodeOptions = '--max-semi-space-size=4';

/**
 * Runs `inside/SCRIPT` in a machine of its own with Open vSwitch, the daemon and, if wanted, Docker. Returns what the
 * script prints as its last line, parsed.
 */
export async function inBed(script, { docker = false, tso = false, meter = false, argv = [], timeoutMs = 300_000 }) {
  const bed = await Bed.create({ ovs: { tso }, docker });
  try {
    const preload = meter ? ['--import', here('kit/meter.mjs')] : [];
    await bed.daemon({
      argv: ['node', ...preload, main, 'up', '--log', 'json'],
      env: { NODE_OPTIONS: nodeOptions, LINECARD_BENCH_METER: meterSocket },
    });
    const { stdout } = await bed.exec(['node', here(`inside/${script}`), ...argv], { timeoutMs });
    return JSON.parse(stdout.trim().split('\n').at(-1));
  } catch (error) {
    console.error((await bed.logs()).slice(0, 4000));
    throw error;
  } finally {
    await bed.destroy();
  }
}
