import { fileURLToPath } from 'node:url';
import { Bed, MultiHost } from '@linecard/testkit';
import { meterSocket } from './paths.mjs';

const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

const nodeOptions = ['--max-semi-space-size=2', '--max-old-space-size=512', '--initial-old-space-size=24'];

/** The daemon as its systemd unit has it; with `meter` it tells its processor time, see meter.mjs. */
function daemon(meter) {
  const preload = meter ? ['--import', here('kit/meter.mjs')] : [];
  return {
    argv: ['node', ...nodeOptions, ...preload, main, 'up', '--log', 'json'],
    env: { LINECARD_BENCH_METER: meterSocket, MALLOC_ARENA_MAX: '2' },
  };
}

/** Runs `inside/SCRIPT` in a bed. Returns what the script prints as its last line, parsed. */
export async function runInside(bed, script, argv = [], timeoutMs = 300_000) {
  const { stdout } = await bed.exec(['node', here(`inside/${script}`), ...argv.map(String)], { timeoutMs });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Runs `inside/SCRIPT` in a machine of its own with Open vSwitch, the daemon and, if wanted, Docker. */
export async function inBed(script, { docker = false, tso = false, meter = false, argv, timeoutMs }) {
  const bed = await Bed.create({ ovs: { tso }, docker });
  try {
    await bed.daemon(daemon(meter));
    return await runInside(bed, script, argv, timeoutMs);
  } catch (error) {
    console.error((await bed.logs()).slice(0, 4000));
    throw error;
  } finally {
    await bed.destroy();
  }
}

/** Makes hosts with OVN, whose central is on the first of them, and a daemon on each, for as long as `work` lasts. */
export async function withHosts({ hosts, docker = false, meter = false }, work) {
  const all = await MultiHost.create({ hosts, plan: { docker } });
  try {
    await all.hosts[0].linecard('ovn', 'central', '--address', all.address(0));
    for (const host of all.hosts) {
      await host.linecard('ovn', 'join', all.address(0));
      await host.daemon(daemon(meter));
    }
    return await work(all);
  } catch (error) {
    for (const host of all.hosts) console.error((await host.logs()).slice(0, 4000));
    throw error;
  } finally {
    await all.destroy();
  }
}
