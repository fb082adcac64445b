import type { LogFormat, LogLevel, Serving } from '@linecard/daemon';
import { type Command, Option } from 'commander';

interface UpOptions {
  readonly serve: Serving;
  readonly log: LogFormat | 'auto';
  readonly logLevel: LogLevel;
  readonly listen?: string;
  readonly ovsdb?: string;
  readonly docker?: string;
  readonly socket?: string;
  readonly apps?: string;
}

/** `linecard up`: the daemon. */
export function addUp(program: Command): void {
  program
    .command('up')
    .summary('run the daemon')
    .description('Runs the daemon: serves Docker as network driver "ovs" and keeps Open vSwitch as it is wanted.')
    .addOption(
      new Option('--log <format>', 'form of the log (auto: text on a terminal, else json)')
        .choices(['json', 'text', 'auto'])
        .default('auto')
        .env('LINECARD_LOG'),
    )
    .addOption(
      new Option('--log-level <level>', 'how much is logged')
        .choices(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
        .default('info')
        .env('LINECARD_LOG_LEVEL'),
    )
    .addOption(
      new Option('--listen <address>', 'where /networks, /metrics and /healthz are served, or "off"')
        .default('127.0.0.1:9401')
        .env('LINECARD_LISTEN'),
    )
    .addOption(new Option('--ovsdb <endpoint>', 'the database of Open vSwitch').env('LINECARD_OVSDB'))
    .addOption(new Option('--docker <socket>', 'the socket of Docker').env('LINECARD_DOCKER'))
    .addOption(new Option('--socket <path>', 'where the daemon listens for this command').env('LINECARD_SOCKET'))
    .addOption(
      new Option(
        '--apps <directory>',
        'where apps for ovs.bridge.controller=embedded:APP are (/etc/linecard/apps)',
      ).env('LINECARD_APPS'),
    )
    .addOption(
      new Option('--serve <networks>', 'ovs: those of this host; all: also over many hosts; swarm: in a managed plugin')
        .choices(['ovs', 'all', 'swarm'])
        .default('all')
        .env('LINECARD_SERVE'),
    )
    .addHelpText(
      'after',
      `
Examples:
  linecard up                           with readable lines, until Ctrl-C
  linecard up --log json --listen off   as a service, without metrics`,
    )
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const { createLogger, readConfig, runDaemon } = await import('@linecard/daemon');
  const format = options.log === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : options.log;
  await runDaemon(readConfig(options, process.env), createLogger(format, options.logLevel));
}
