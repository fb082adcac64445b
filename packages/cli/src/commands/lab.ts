import type { GraphFormat, Lab, NodeStatus, World } from '@linecard/lab';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { json, painter, print, table } from '../output.js';
import { readSettings } from '../settings.js';

interface TopologyOptions {
  readonly topo?: string;
  readonly vars?: string;
  readonly name?: string;
  readonly nodeFilter?: readonly string[];
  readonly hostsFile?: string;
}

interface DeployFlags extends TopologyOptions {
  readonly reconfigure?: true;
  readonly keep?: true;
  readonly maxWorkers?: number;
  readonly format: 'table' | 'json';
}

const list = (text: string) => text.split(',').map((word) => word.trim());

/** A number above a limit; anything else is a mistake on the command line. */
function number(low: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low) return value;
    throw new InvalidArgumentError(`It must be a number from ${low} on.`);
  };
}

/** `linecard lab`: whole topologies from one file. */
export function addLab(program: Command): void {
  const lab = program.command('lab').description('deploy whole topologies of containers from one file');
  const add = (name: string, description: string) =>
    lab
      .command(name)
      .description(description)
      .option('-t, --topo <file>', 'the topology file')
      .option('--vars <file>', 'values of template variables (YAML or JSON)')
      .option('--name <lab>', 'name of the lab instead of the one in the file')
      .option('--node-filter <names>', 'only these nodes, comma-separated', list)
      .addOption(new Option('--hosts-file <file>', 'the hosts file to write').env('LINECARD_LAB_HOSTS'));
  const format = () =>
    new Option('-f, --format <format>', 'form of the output').choices(['table', 'json']).default('table');
  const workers = () => new Option('--max-workers <number>', 'containers at once').argParser(number(1));

  for (const name of ['deploy', 'redeploy'] as const) {
    add(name, name === 'deploy' ? 'make a lab be there' : 'remove a lab and deploy it anew')
      .option('-c, --reconfigure', 'remove what is there of it first')
      .option('--keep', 'after a failure, leave what was made')
      .addOption(workers())
      .addOption(format())
      .action((flags: DeployFlags) => deploy(name === 'redeploy' ? { ...flags, reconfigure: true } : flags));
  }
  add('destroy', 'remove a lab, also after a crash or when its file is gone')
    .option('-a, --all', 'all labs of this host')
    .option('-c, --cleanup', 'also the folder with generated and saved files')
    .addOption(workers())
    .action(destroy);
  add('inspect', 'show the containers of a lab').option('-a, --all', 'of all labs').addOption(format()).action(inspect);
  add('check', 'prove a lab: links, addresses, and what its file wants').addOption(format()).action(check);
  add('exec', 'run a command in every node')
    .requiredOption('--cmd <command>', 'the command')
    .addOption(format())
    .action(exec);
  add('save', 'write the running configurations into the folder of the lab').action(save);
  add('graph', 'draw the topology')
    .addOption(
      new Option('-f, --format <format>', 'form of the drawing')
        .choices(['svg', 'dot', 'mermaid', 'drawio'])
        .default('svg'),
    )
    .action(graph);
  add('impair', 'make a link worse in one direction; without options, good again')
    .argument('<endpoint>', 'NODE:INTERFACE')
    .option('--delay <ms>', 'delay of every packet', number(0))
    .option('--jitter <ms>', 'how much the delay varies', number(0))
    .option('--loss <percent>', 'share of packets that are lost', number(0))
    .option('--rate <kbit>', 'kilobits per second', number(1))
    .action(impair);
  add('capture', 'capture the packets of a link, for example into Wireshark: ... -w - | wireshark -k -i -')
    .argument('<endpoint>', 'NODE:INTERFACE')
    .option('-w, --write <file>', 'write a capture file; - is standard output')
    .option('--count <packets>', 'end after so many', number(1))
    .action(capture);
}

/** Opens the host's Docker and Open vSwitch for one piece of work. */
async function withWorld<T>(options: TopologyOptions, work: (world: World) => Promise<T>): Promise<T> {
  const { World } = await import('@linecard/lab');
  const { docker, ovsdb } = readSettings(process.env);
  const world = new World({
    docker: docker ?? '/var/run/docker.sock',
    ovsdb,
    ...(options.hostsFile === undefined ? {} : { hostsFile: options.hostsFile }),
  });
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

async function read(options: TopologyOptions): Promise<Lab> {
  const { readLab } = await import('@linecard/lab');
  const lab = readLab(await topologyFile(options), {
    ...(options.vars === undefined ? {} : { vars: options.vars }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.nodeFilter === undefined ? {} : { nodeFilter: options.nodeFilter }),
  });
  for (const warning of lab.warnings) console.error(`linecard: ${warning}`);
  return lab;
}

/** The file that was named, or the only topology of the current folder. */
async function topologyFile({ topo }: TopologyOptions): Promise<string> {
  if (topo !== undefined) return topo;
  const { readdir } = await import('node:fs/promises');
  const { LinecardError } = await import('@linecard/wire');
  const found = (await readdir('.')).filter((name) => /\.clab\.ya?ml(\.gotmpl)?$/.test(name));
  if (found.length === 1) return found[0]!;
  const text =
    found.length === 0 ? 'there is no *.clab.yml here' : `there are several topologies here: ${found.join(', ')}`;
  throw new LinecardError('LC_NOT_FOUND', text, { hint: 'name the topology file with -t FILE' });
}

async function deploy(flags: DeployFlags): Promise<void> {
  const { deployLab, inspectLabs } = await import('@linecard/lab');
  const lab = await read(flags);
  await withWorld(flags, async (world) => {
    const started = performance.now();
    const progress = (node: string, state: string) => {
      const ms = String(Math.round(performance.now() - started)).padStart(6);
      console.error(`${ms} ms  ${node.padEnd(20)} ${state}`);
    };
    const { exec: reports } = await deployLab(world, lab, { progress, ...flags });
    for (const { node, command, exitCode, stdout, stderr } of reports) {
      console.error(
        `${node}: ${command}${exitCode === 0 ? '' : ` (exit status ${exitCode})`}\n${stdout}${stderr}`.trimEnd(),
      );
    }
    await show(await inspectLabs(world, lab.name), flags.format);
  });
}

function show(rows: readonly NodeStatus[], format: 'table' | 'json'): Promise<void> {
  if (format === 'json') return print(json(rows));
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

async function destroy(flags: TopologyOptions & { all?: true; cleanup?: true; maxWorkers?: number }): Promise<void> {
  const { destroyLab, labNames, removeNameless } = await import('@linecard/lab');
  await withWorld(flags, async (world) => {
    const names = flags.all === true ? await labNames(world) : [await labName(world, flags)];
    for (const name of names) {
      const file = flags.topo === undefined ? {} : { file: flags.topo };
      const { containers } = await destroyLab(world, name, { ...flags, ...file });
      console.error(`lab ${name}: ${containers.length} containers removed`);
    }
    const nameless = flags.all === true ? await removeNameless(world) : [];
    if (nameless.length > 0) console.error(`interfaces of labs without a name removed: ${nameless.join(', ')}`);
  });
}

/** A lab is known by its name, by the file that it was deployed from, or by what the file says now. */
async function labName(world: World, flags: TopologyOptions): Promise<string> {
  const { labOfFile } = await import('@linecard/lab');
  if (flags.name !== undefined) return flags.name;
  const { nodeFilter: _, ...whole } = flags;
  return (await labOfFile(world, await topologyFile(flags))) ?? (await read(whole)).name;
}

async function inspect(flags: TopologyOptions & { all?: true; format: 'table' | 'json' }): Promise<void> {
  const { inspectLabs } = await import('@linecard/lab');
  await withWorld(flags, async (world) => {
    const name = flags.all === true ? undefined : await labName(world, flags);
    await show(await inspectLabs(world, name), flags.format);
  });
}

async function check(flags: TopologyOptions & { format: 'table' | 'json' }): Promise<void> {
  const { checkLab } = await import('@linecard/lab');
  const lab = await read(flags);
  const findings = await withWorld(flags, (world) => checkLab(world, lab));
  if (flags.format === 'json') await print(json(findings));
  else
    for (const { what, ok, reason } of findings)
      await print(`${ok ? 'ok    ' : 'FAILED'}  ${what}${reason === undefined ? '' : `: ${reason}`}\n`);
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function exec(flags: TopologyOptions & { cmd: string; format: 'table' | 'json' }): Promise<void> {
  const { splitWords } = await import('@linecard/lab');
  const lab = await read(flags);
  await withWorld(flags, async (world) => {
    const argv = splitWords(flags.cmd);
    const nodes = lab.nodes.filter(({ image }) => image !== undefined);
    const results = await Promise.all(
      nodes.map(async ({ name, longName }) => ({ node: name, ...(await world.control.exec(longName, argv)) })),
    );
    if (flags.format === 'json') await print(json(results));
    else for (const { node, stdout, stderr } of results) await print(`${node}:\n${stdout}${stderr}`);
    if (results.some(({ exitCode }) => exitCode !== 0)) process.exitCode = 1;
  });
}

async function save(flags: TopologyOptions): Promise<void> {
  const { saveLab } = await import('@linecard/lab');
  const lab = await read(flags);
  const saved = await withWorld(flags, (world) => saveLab(world, lab));
  for (const { node, file } of saved) await print(`${node}: ${file}\n`);
}

async function graph(flags: TopologyOptions & { format: GraphFormat }): Promise<void> {
  const { drawLab } = await import('@linecard/lab');
  await print(drawLab(await read(flags), flags.format));
}

interface ImpairFlags extends TopologyOptions {
  readonly delay?: number;
  readonly jitter?: number;
  readonly loss?: number;
  readonly rate?: number;
}

async function impair(endpoint: string, flags: ImpairFlags): Promise<void> {
  const { findEndpoint, impairLink } = await import('@linecard/lab');
  const lab = await read(flags);
  const { delay, jitter, loss, rate } = flags;
  await withWorld(flags, (world) =>
    impairLink(world, lab, findEndpoint(lab, endpoint), {
      ...(delay === undefined ? {} : { delayMs: delay }),
      ...(jitter === undefined ? {} : { jitterMs: jitter }),
      ...(loss === undefined ? {} : { loss }),
      ...(rate === undefined ? {} : { rateKbit: rate }),
    }),
  );
}

async function capture(endpoint: string, flags: TopologyOptions & { write?: string; count?: number }): Promise<void> {
  const { findEndpoint, placeOf } = await import('@linecard/lab');
  const { runAttached } = await import('@linecard/linux');
  const lab = await read(flags);
  const end = findEndpoint(lab, endpoint);
  const place = await withWorld(flags, (world) => placeOf(world, lab, end));
  const words = [
    ...(flags.write === undefined ? [] : ['-U', '-w', flags.write]),
    ...(flags.count === undefined ? [] : ['-c', String(flags.count)]),
  ];
  process.exitCode = await runAttached([...place, 'tcpdump', '-n', '-i', end.name, ...words] as [string, ...string[]]);
}
