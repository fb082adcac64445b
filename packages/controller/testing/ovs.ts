import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why tests with real switches are left out here, or undefined when they can run. */
export function whyNoOvs(): string | undefined {
  if (process.env.LINECARD_TEST_NETNS !== '1') return 'needs a network namespace of its own (LINECARD_TEST_NETNS=1)';
  return existsSync('/usr/sbin/ovs-vswitchd') ? undefined : 'needs Open vSwitch';
}

/**
 * A real ovs-vswitchd with its dummy datapath, in a directory of its own: no kernel interface is made, and tests put
 * packets into ports with ovs-appctl.
 */
export class Ovs {
  readonly dir = mkdtempSync(join(tmpdir(), 'linecard-ovs-'));
  readonly #env = { ...process.env, OVS_RUNDIR: this.dir, OVS_LOGDIR: this.dir, OVS_DBDIR: this.dir };
  readonly #processes: ChildProcess[] = [];
  #daemon: ChildProcess | undefined;

  static async start(): Promise<Ovs> {
    const ovs = new Ovs();
    const { dir } = ovs;
    execFileSync('ovsdb-tool', ['create', `${dir}/conf.db`, '/usr/share/openvswitch/vswitch.ovsschema']);
    ovs.#spawn('ovsdb-server', `${dir}/conf.db`, `--remote=punix:${dir}/db.sock`, `--unixctl=${dir}/db.ctl`);
    await ovs.#appears('db.sock');
    await ovs.vsctl('--no-wait', 'init');
    await ovs.startDaemon();
    return ovs;
  }

  async startDaemon(): Promise<void> {
    rmSync(`${this.dir}/vs.ctl`, { force: true });
    this.#daemon = this.#spawn(
      'ovs-vswitchd',
      `unix:${this.dir}/db.sock`,
      '--enable-dummy=override',
      `--unixctl=${this.dir}/vs.ctl`,
    );
    await this.#appears('vs.ctl');
  }

  /** Kills ovs-vswitchd: its flows are lost. */
  async killDaemon(): Promise<void> {
    const gone = once(this.#daemon!, 'exit');
    this.#daemon!.kill('SIGKILL');
    await gone;
  }

  /** Starts any program in the environment of this switch, until {@link stop}. */
  #spawn(program: string, ...argv: string[]): ChildProcess {
    const child = spawn(program, [...argv, '-vconsole:off'], { env: this.#env, stdio: 'ignore' });
    this.#processes.push(child);
    return child;
  }

  async #appears(name: string): Promise<void> {
    for (let attempt = 0; attempt < 400 && !existsSync(join(this.dir, name)); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async vsctl(...argv: string[]): Promise<string> {
    return (await run('ovs-vsctl', [`--db=unix:${this.dir}/db.sock`, ...argv], { env: this.#env })).stdout.trim();
  }

  /** A bridge with ports p1 to p3, under the controller at `controller`. */
  async bridge(
    name: string,
    controller: string,
    protocols = 'OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15',
  ): Promise<void> {
    const ports = [1, 2, 3].flatMap((n) => [
      ...['--', 'add-port', name, `p${n}`],
      ...['--', 'set', 'interface', `p${n}`, 'type=dummy', `ofport_request=${n}`],
    ]);
    const bridge = ['datapath_type=dummy', 'fail-mode=secure', `protocols=${protocols}`];
    await this.vsctl('add-br', name, '--', 'set', 'bridge', name, ...bridge, ...ports);
    await this.vsctl('set-controller', name, controller);
  }

  async ofctl(command: string, bridge: string, ...argv: string[]): Promise<string> {
    const { stdout } = await run('ovs-ofctl', [
      '-O',
      'OpenFlow13',
      command,
      `unix:${this.dir}/${bridge}.mgmt`,
      ...argv,
    ]);
    return stdout;
  }

  /** Flows as text, without counters, sorted. */
  async flows(bridge: string): Promise<string[]> {
    const text = await this.ofctl('dump-flows', bridge, '--no-stats');
    const lines = text.split('\n').filter((line) => line.includes('actions='));
    return lines.map((line) => line.replace(/^ *(cookie=\S+, )?/, '')).sort();
  }

  /** A frame comes in at a port. */
  async receive(port: string, frame: Uint8Array): Promise<void> {
    const argv = ['-t', `${this.dir}/vs.ctl`, 'netdev-dummy/receive', port, Buffer.from(frame).toString('hex')];
    await run('ovs-appctl', argv);
  }

  /** How many packets went out of ports 1 to 3. */
  async sent(bridge: string): Promise<number[]> {
    const text = await this.ofctl('dump-ports', bridge);
    return [1, 2, 3].map((port) => {
      const [, count] = new RegExp(`port +"?p?${port}"?:[^]*?tx pkts=(\\d+)`).exec(text) ?? [];
      return Number(count);
    });
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
