import { access } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { driverNames } from '@linecard/driver';
import { CommandError, run } from '@linecard/linux';
import { explain } from '@linecard/wire';
import { fail, ok, type Patient, type Probe, type Verdict, warn } from './probe.js';

async function lookAtEngine({ host: { engine } }: Patient): Promise<Verdict[]> {
  try {
    const { version, apiVersion } = await engine.version();
    return [ok(`Docker ${version} (API ${apiVersion}) answers on ${engine.socketPath}`)];
  } catch (error) {
    return [fail(explain(error), 'systemctl start docker')];
  }
}

/** Whether somebody answers Docker's handshake on a plugin socket. */
function answersActivate(socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(3000);
    const call = request({ socketPath, path: '/Plugin.Activate', method: 'POST', signal, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : `it answers HTTP ${response.statusCode}`);
    });
    call.on('error', (error) => resolve(error.message));
    call.end();
  });
}

async function lookAtSockets({ pluginDirectory }: Patient): Promise<Verdict[]> {
  return Promise.all(
    driverNames.map(async (name) => {
      const path = join(pluginDirectory, `${name}.sock`);
      const trouble = await answersActivate(path);
      if (trouble === undefined) return ok(`the driver ${name} answers on ${path}`);
      return fail(`the driver ${name} does not answer on ${path}: ${trouble}`, 'start the daemon: linecard up');
    }),
  );
}

/** At boot dockerd asks for the driver before anything else runs, so systemd must have its sockets by then. */
async function lookAtBoot(): Promise<Verdict[]> {
  const systemd = await access('/run/systemd/system').then(
    () => true,
    () => false,
  );
  if (!systemd) {
    return [warn('systemd does not run here', 'see to it that `linecard up` is started before dockerd')];
  }
  try {
    await run(['systemctl', 'is-enabled', '--quiet', 'linecard.socket']);
    return [ok('systemd opens the sockets of the drivers before Docker starts')];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [warn('after a boot, Docker may start before its driver', 'linecard install')];
  }
}

async function lookAtLeftovers({ host: { engine, state, ovs } }: Patient): Promise<Verdict[]> {
  if (!ovs.ready) return [];
  const known = new Set((await engine.networks()).map(({ id }) => id));
  const stale = [...state.networks.values()].filter(({ plan }) => !known.has(plan.id));
  if (stale.length === 0) return [ok('every network on Open vSwitch is known to Docker')];
  return stale.map(({ plan, name }) =>
    warn(
      `Docker does not know network ${name ?? plan.id.slice(0, 12)} of bridge ${plan.bridge}`,
      `the daemon removes it soon; if not: ovs-vsctl del-br ${plan.bridge}`,
    ),
  );
}

/** Whether Docker is there and finds its driver. */
export const dockerProbes: readonly Probe[] = [
  { check: 'docker', look: lookAtEngine },
  { check: 'plugin', look: lookAtSockets },
  { check: 'boot', look: lookAtBoot },
  { check: 'leftovers', look: lookAtLeftovers },
];
