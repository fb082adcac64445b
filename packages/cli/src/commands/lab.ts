import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CaptureFlags, ImpairFlags } from '../lab/links.js';
import type { DeployFlags } from '../lab/run.js';

const list = (text: string) => text.split(',').map((word) => word.trim());
const collect = (text: string, before: readonly string[] | undefined) => [...(before ?? []), text];

/** A number from a limit on; anything else is a mistake on the command line. */
function number(low: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low) return value;
    throw new InvalidArgumentError(`It must be a number from ${low} on.`);
  };
}

/** A number with a unit or without one, which is the first then. */
function quantity(units: Readonly<Record<string, number>>) {
  const names = Object.keys(units);
  return (text: string): number => {
    const [, digits = '', unit = names[0]!] = /^\s*(\d+(?:\.\d+)?)\s*([a-z%]+)?\s*$/i.exec(text) ?? [];
    const factor = units[unit.toLowerCase()];
    if (digits !== '' && factor !== undefined) return Math.round(Number(digits) * factor * 1e6) / 1e6;
    throw new InvalidArgumentError(`It must be a number, alone (${names[0]}) or with ${names.join(', ')}.`);
  };
}

const milliseconds = quantity({ ms: 1, s: 1000, us: 0.001 });
const kilobits = quantity({ kbit: 1, mbit: 1000, gbit: 1_000_000 });
const percent = quantity({ '%': 1 });

const help = `
Examples:
  linecard lab deploy -t examples/openswitch-ebgp/openswitch-ebgp.clab.yml
  linecard lab check -t examples/openswitch-ebgp/openswitch-ebgp.clab.yml
  linecard lab inspect --all
  linecard lab destroy -t examples/openswitch-ebgp/openswitch-ebgp.clab.yml

Without -t, the only *.clab.yml of the current folder is taken. docs/labs.md tells what may stand in it.`;

const loadRun = () => import('../lab/run.js');
const loadLinks = () => import('../lab/links.js');

/** `linecard lab`: whole topologies from one file. */
export function addLab(program: Command): void {
  const lab = program
    .command('lab')
    .summary('deploy whole topologies from one file')
    .description("Deploys whole topologies of containers, wired port to port, from one file in containerlab's format.")
    .addHelpText('after', help);
  addLife(lab);
  addLooks(lab);
  addLinks(lab);
}

/** A command that works on a topology. */
function add(lab: Command, name: string, summary: string, examples: readonly string[] = []): Command {
  const shown = examples.map((words) => `  linecard lab ${name} ${words}`.trimEnd()).join('\n');
  return lab
    .command(name)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .option('-t, --topo <file>', 'the topology file')
    .option('--vars <file>', 'values of template variables (YAML or JSON)')
    .option('-n, --name <lab>', 'name of the lab instead of the one in the file')
    .option('--node-filter <names>', 'only these nodes, comma-separated', list)
    .addOption(new Option('--hosts-file <file>', 'the hosts file to write').env('LINECARD_LAB_HOSTS'))
    .addHelpText('after', shown === '' ? '' : `\nExamples:\n${shown}`);
}

const workers = () => new Option('--max-workers <number>', 'containers at once').argParser(number(1));

function withFormat(command: Command, people = 'table'): Command {
  return command
    .addOption(new Option('-f, --format <format>', 'form of the output').choices([people, 'json']).default(people))
    .option('--json', 'the same as --format json');
}

function addLife(lab: Command): void {
  for (const [name, alias, summary] of [
    ['deploy', 'dep', 'make a lab be there; what is there already stays as it is'],
    ['redeploy', 'rdep', 'remove a lab and deploy it anew'],
  ] as const) {
    const command = add(lab, name, summary, ['-t lab.clab.yml', '-t lab.clab.yml --node-filter r1,r2'])
      .alias(alias)
      .option('-c, --reconfigure', 'remove what is there of it first')
      .option('--keep', 'after a failure, leave what was made')
      .addOption(workers());
    withFormat(command).action(async (flags: DeployFlags) =>
      (await loadRun()).deploy(name === 'redeploy' ? { ...flags, reconfigure: true } : flags),
    );
  }
  add(lab, 'destroy', 'remove a lab, also after a crash or when its file is gone', [
    '-t lab.clab.yml --cleanup',
    '--name NAME',
    '--all',
  ])
    .alias('des')
    .option('-a, --all', 'all labs of this host')
    .option('-c, --cleanup', 'also the folder with generated and saved files')
    .addOption(workers())
    .action(async (flags) => (await loadRun()).destroy(flags));
}

function addLooks(lab: Command): void {
  const inspect = add(lab, 'inspect', 'show the containers of a lab', ['-t lab.clab.yml', '--all --json']);
  withFormat(inspect.aliases(['ins', 'i']).option('-a, --all', 'of all labs')).action(async (flags) =>
    (await loadRun()).inspect(flags),
  );
  withFormat(add(lab, 'check', 'prove a lab: links, addresses, and what its file wants', ['-t lab.clab.yml'])).action(
    async (flags) => (await loadRun()).check(flags),
  );
  const exec = add(lab, 'exec', 'run commands in every node', [
    "-t lab.clab.yml --cmd 'ip route'",
    '--node-filter r1 --cmd \'vtysh -c "show ip bgp"\'',
  ]).addOption(new Option('--cmd <command>', 'the command; may be repeated').argParser(collect).makeOptionMandatory());
  withFormat(exec, 'plain').action(async (flags) => (await loadRun()).exec(flags));
  add(lab, 'save', 'write the running configurations into the folder of the lab', ['-t lab.clab.yml']).action(
    async (flags) => (await loadRun()).save(flags),
  );
  add(lab, 'graph', 'draw the topology, with the names of the ports', [
    '-t lab.clab.yml > lab.svg',
    '-t lab.clab.yml -f mermaid',
  ])
    .addOption(
      new Option('-f, --format <format>', 'form of the drawing')
        .choices(['svg', 'dot', 'mermaid', 'drawio'])
        .default('svg'),
    )
    .action(async (flags) => (await loadRun()).graph(flags));
}

function addLinks(lab: Command): void {
  const impair = add(lab, 'impair', 'make a link worse in the direction out of one of its ends, or show what is', [
    '-t lab.clab.yml',
    'r1:eth1 -t lab.clab.yml --rate 10mbit --loss 1',
    'r1:eth1 -t lab.clab.yml --delay 20ms --jitter 5ms',
    'r1:eth1 -t lab.clab.yml --clear',
  ])
    .argument('[endpoint]', 'NODE:INTERFACE; all ends of the lab when left out')
    .option('--delay <time>', 'delay of every packet, in ms', milliseconds)
    .option('--jitter <time>', 'how much the delay varies, in ms', milliseconds)
    .option('--loss <percent>', 'share of packets that are lost', percent)
    .option('--rate <rate>', 'what passes, in kbit/s; or with a unit', kilobits)
    .option('--clear', 'let it be good again');
  withFormat(impair).action(async (endpoint: string | undefined, flags: ImpairFlags) =>
    (await loadLinks()).impair(endpoint, flags),
  );
  add(lab, 'capture', 'capture the packets of a link', [
    'r1:eth1 -t lab.clab.yml -w - | wireshark -k -i -',
    'ops1:1 -t lab.clab.yml --count 10 -w dump.pcap tcp port 179',
  ])
    .argument('<endpoint>', 'NODE:INTERFACE, also a front-panel port inside its namespace')
    .argument('[filter...]', 'which packets, as tcpdump(1) has it')
    .option('-w, --write <file>', 'write a capture file; - is standard output')
    .option('--count <packets>', 'end after so many', number(1))
    .action(async (endpoint: string, filter: string[], flags: CaptureFlags) =>
      (await loadLinks()).capture(endpoint, filter, flags),
    );
}
