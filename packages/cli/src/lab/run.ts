import type { ExecReport, Lab, NodeStatus, World } from '@linecard/lab';
import { json, painter, print, table } from '../output.js';
import { NodeProgress } from '../progress.js';
import { type FormatOptions, labName, readTopology, type TopologyOptions, wantsJson, withWorld } from './world.js';

export interface DeployFlags extends TopologyOptions, FormatOptions {
  readonly reconfigure?: true;
  readonly keep?: true;
  readonly maxWorkers?: number;
}

/** Shows on standard error what the nodes do while `work` runs. */
async function withProgress<T>(work: (progress: (node: string, state: string) => void) => Promise<T>): Promise<T> {
  const progress = new NodeProgress(process.stderr, process.env);
  try {
    return await work((node, state) => progress.show(node, state));
  } finally {
    progress.end();
  }
}

export async function deploy(flags: DeployFlags): Promise<void> {
  const { deployLab, inspectLabs } = await import('@linecard/lab');
  const lab = await readTopology(flags);
  await withWorld(flags, async (world) => {
    const { exec: reports } = await withProgress((progress) => deployLab(world, lab, { progress, ...flags }));
    for (const report of reports) console.error(reportText(report));
    await show(await inspectLabs(world, lab.name), flags);
  });
}

function reportText({ node, command, exitCode, stdout, stderr }: ExecReport): string {
  const status = exitCode === 0 ? '' : ` (exit status ${exitCode})`;
  return `${node}: ${command}${status}\n${stdout}${stderr}`.trimEnd();
}

function show(rows: readonly NodeStatus[], flags: FormatOptions): Promise<void> {
  if (wantsJson(flags)) return print(json(rows));
  const columns = [
    { title: 'Lab', text: (row: NodeStatus) => row.lab },
    { title: 'Name', text: (row: NodeStatus) => row.name },
    { title: 'Kind/Image', text: (row: NodeStatus) => `${row.kind} ${row.image}` },
    { title: 'State', text: (row: NodeStatus) => row.state },
    { title: 'IPv4', text: (row: NodeStatus) => row.ipv4 ?? '' },
    { title: 'IPv6', text: (row: NodeStatus) => row.ipv6 ?? '' },
  ];
  return print(table(columns, rows, painter(process.stdout, process.env)));
}

export async function destroy(flags: TopologyOptions & { all?: true; cleanup?: true; maxWorkers?: number }) {
  const { destroyLab, labNames, removeNameless } = await import('@linecard/lab');
  await withWorld(flags, async (world) => {
    const names = flags.all === true ? await labNames(world) : [await labName(world, flags)];
    const file = flags.topo === undefined ? {} : { file: flags.topo };
    for (const name of names) {
      const options = { ...flags, ...file };
      const { containers } = await withProgress((progress) => destroyLab(world, name, { progress, ...options }));
      console.error(`lab ${name}: ${containers.length} containers removed`);
    }
    const nameless = flags.all === true ? await removeNameless(world) : [];
    if (nameless.length > 0) console.error(`interfaces of labs without a name removed: ${nameless.join(', ')}`);
    if (names.length + nameless.length === 0) console.error('there are no labs');
  });
}

export async function inspect(flags: TopologyOptions & FormatOptions & { all?: true }): Promise<void> {
  const { inspectLabs } = await import('@linecard/lab');
  await withWorld(flags, async (world) => {
    const name = flags.all === true ? undefined : await labName(world, flags);
    const rows = await inspectLabs(world, name);
    if (rows.length > 0 || wantsJson(flags)) return show(rows, flags);
    console.error(name === undefined ? 'there are no labs' : `lab ${name} has no containers: linecard lab deploy`);
  });
}

export async function check(flags: TopologyOptions & FormatOptions): Promise<void> {
  const { checkLab } = await import('@linecard/lab');
  const lab = await readTopology(flags);
  const findings = await withWorld(flags, (world) => checkLab(world, lab));
  if (wantsJson(flags)) await print(json(findings));
  else {
    for (const { what, ok, reason } of findings)
      await print(`${ok ? 'ok    ' : 'FAILED'}  ${what}${reason === undefined ? '' : `: ${reason}`}\n`);
  }
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
}

export async function exec(flags: TopologyOptions & FormatOptions & { cmd: readonly string[] }): Promise<void> {
  const { splitWords } = await import('@linecard/lab');
  const lab = await readTopology(flags);
  await withWorld(flags, async (world) => {
    const runs = await Promise.all(
      flags.cmd.map((cmd) => execEverywhere(world, lab, splitWords(cmd)).then((results) => ({ cmd, results }))),
    );
    const results = runs.flatMap((one) => one.results);
    if (wantsJson(flags)) await print(json(results));
    else for (const { node, stdout, stderr } of results) await print(`${node}:\n${stdout}${stderr}`);
    if (results.some(({ exitCode }) => exitCode !== 0)) process.exitCode = 1;
  });
}

function execEverywhere(world: World, lab: Lab, argv: readonly string[]) {
  const nodes = lab.nodes.filter(({ image }) => image !== undefined);
  return Promise.all(
    nodes.map(async ({ name, longName }) => ({
      node: name,
      command: argv.join(' '),
      ...(await world.control.exec(longName, argv)),
    })),
  );
}

export async function save(flags: TopologyOptions): Promise<void> {
  const { saveLab } = await import('@linecard/lab');
  const lab = await readTopology(flags);
  const saved = await withWorld(flags, (world) => saveLab(world, lab));
  for (const { node, file } of saved) await print(`${node}: ${file}\n`);
  if (saved.length === 0) console.error('no node of this lab has a configuration that can be read back');
}

export async function graph(flags: TopologyOptions & { format: 'svg' | 'dot' | 'mermaid' | 'drawio' }): Promise<void> {
  const { drawLab } = await import('@linecard/lab');
  await print(drawLab(await readTopology(flags), flags.format));
}
