// Flows on a real ovs-vswitchd: started with its dummy datapath in a directory of its own, so that no kernel
// interface is needed.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller } from '@linecard/controller';

async function exists(path) {
  for (let attempt = 0; attempt < 200 && !existsSync(path); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function startOvs(dir) {
  const env = { ...process.env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir };
  const socket = join(dir, 'db.sock');
  execFileSync('ovsdb-tool', ['create', join(dir, 'conf.db'), '/usr/share/openvswitch/vswitch.ovsschema'], { env });
  const database = spawn(
    'ovsdb-server',
    [join(dir, 'conf.db'), `--remote=punix:${socket}`, `--unixctl=${dir}/db.ctl`, '-vconsole:off'],
    { env },
  );
  await exists(socket);
  const vsctl = (...argv) => execFileSync('ovs-vsctl', [`--db=unix:${socket}`, ...argv], { env });
  vsctl('--no-wait', 'init');
  const daemon = spawn(
    'ovs-vswitchd',
    [`unix:${socket}`, '--enable-dummy=override', `--unixctl=${dir}/vs.ctl`, '-vconsole:off'],
    { env },
  );
  return { database, daemon, vsctl };
}

/** Applies `count` flows, then the same again; milliseconds until Open vSwitch has confirmed. */
export async function flowsOnOvs(count) {
  const dir = mkdtempSync(join(tmpdir(), 'linecard-bench-'));
  const { database, daemon, vsctl } = await startOvs(dir);
  const controller = new Controller({ versions: [4] });
  try {
    const endpoint = await controller.listen('tcp:127.0.0.1:0');
    const up = once(controller, 'up');
    vsctl(
      'add-br',
      'br0',
      '--',
      'set',
      'bridge',
      'br0',
      'datapath_type=dummy',
      'fail-mode=secure',
      'protocols=OpenFlow13',
    );
    vsctl('set-controller', 'br0', `tcp:127.0.0.1:${endpoint.port}`);
    const [sw] = await up;
    const actions = [{ type: 'output', port: 1 }];
    const flows = Array.from({ length: count }, (_, i) => ({
      priority: 100,
      match: [{ field: 'eth_dst', value: i + 1 }],
      actions,
    }));
    const start = performance.now();
    await sw.flows.apply(flows, { cookie: 1n });
    const firstMs = performance.now() - start;
    const again = performance.now();
    const changes = await sw.flows.apply(flows, { cookie: 1n });
    const againMs = performance.now() - again;
    return { firstMs, againMs, changedAgain: changes.added + changes.modified + changes.deleted };
  } finally {
    await controller.close();
    for (const child of [daemon, database]) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(dir, { recursive: true, force: true });
  }
}
