import { readFileSync } from 'node:fs';
import { LinecardError } from '@linecard/wire';
import { Command, CommanderError } from 'commander';
import { addAttach, addDetach } from './commands/attach.js';
import { addCompletion } from './commands/completion.js';
import { addController } from './commands/controller.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addFlows } from './commands/flows.js';
import { addInstall, addUninstall } from './commands/install.js';
import { addLab } from './commands/lab.js';
import { addNetworks } from './commands/networks.js';
import { addOpenflow } from './commands/openflow.js';
import { addOvn } from './commands/ovn.js';
import { addPort } from './commands/port.js';
import { addPorts } from './commands/ports.js';
import { addStatus } from './commands/status.js';
import { addUp } from './commands/up.js';

/** Exit statuses, besides 0. */
const failure = 1;
const misuse = 2;

const environment = `
Environment:
  LINECARD_SOCKET  where the daemon listens for this command (/run/linecard/linecard.sock)
  LINECARD_OVSDB   the database of Open vSwitch (unix:/run/openvswitch/db.sock)
  LINECARD_DOCKER  the socket of Docker; else DOCKER_HOST; else /var/run/docker.sock
  NO_COLOR         no colours, also on a terminal

Exit status: 0 when all is well, 1 when something failed, 2 for a mistake on the command line.`;

function version(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

/** The whole command with its subcommands. */
export function buildProgram(): Command {
  const program = new Command('linecard')
    .description('Plugs containers into Open vSwitch and tells which OpenFlow port each one got.')
    .version(version(), '-V, --version', 'print the version')
    .exitOverride()
    // What stands behind a command's name is the command's own, also --version.
    .enablePositionalOptions()
    .showHelpAfterError('(--help tells what is allowed)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'linecard: ')) })
    .addHelpText('after', environment);
  const adders = [addUp, addStatus, addDoctor, addNetworks, addPorts, addPort, addAttach, addDetach, addOvn];
  for (const add of [
    ...adders,
    addLab,
    addController,
    addFlows,
    addDemo,
    addOpenflow,
    addInstall,
    addUninstall,
    addCompletion,
  ])
    add(program);
  return program;
}

/** Runs a command line and returns the exit status. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misuse;
    report(error);
    return failure;
  }
}

function report(error: unknown): void {
  if (!(error instanceof LinecardError)) {
    console.error('linecard: a fault of Linecard itself:', error);
    return;
  }
  console.error(`linecard: ${error.message}`);
  if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
}
