import type { ControllerInfo } from '@linecard/api';
import { type Command, InvalidArgumentError } from 'commander';
import type { Column } from '../output.js';
import type { RunOptions } from '../run-controller.js';

/** `linecard controller`: OpenFlow controllers, the daemon's and one's own. */
export function addController(program: Command): void {
  const group = program
    .command('controller')
    .summary('run and list OpenFlow controllers')
    .description('Runs apps on an OpenFlow controller of their own, and lists the controllers of all bridges.');
  addRun(group);
  addList(group);
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

function setting(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It must be KEY=VALUE.');
  return { ...before, [key]: value };
}

function addRun(group: Command): void {
  group
    .command('run')
    .summary('run an app for switches that connect')
    .description(
      'Runs an OpenFlow controller with one app until Ctrl-C: learning-switch, hub, knock, or a file of your own\n' +
        '(.ts, .mts, .js, .mjs). Flows stay when it ends. Containers are known by name where Open vSwitch runs here.',
    )
    .argument('<app>', 'name of an app that comes along, or path of a file')
    .option('--listen <endpoint>', 'where switches connect, repeatable (default: tcp:127.0.0.1:6653)', collect)
    .option('--connect <endpoint>', 'a switch that listens, such as tcp:127.0.0.1:6634, repeatable', collect)
    .option('--option <key=value>', 'an option of the app, repeatable', setting)
    .option('--watch', 'load the file again whenever it changes')
    .option('--tls-key <file>', 'private key for tls: endpoints, PEM')
    .option('--tls-cert <file>', 'certificate for tls: endpoints, PEM')
    .option('--tls-ca <file>', 'who signed the certificates of switches, PEM; without it all are taken')
    .addHelpText(
      'after',
      `
Examples:
  linecard controller run learning-switch
  linecard controller run ./my-app.ts --watch --option greeting=hi
  linecard controller run knock --listen tcp:127.0.0.1:6633 --option openSeconds=60
  linecard controller run hub --listen tls:0.0.0.0:6653 --tls-key key.pem --tls-cert cert.pem --tls-ca ca.pem`,
    )
    .action(async (app: string, options: RunOptions) => {
      const { runController } = await import('../run-controller.js');
      await runController(app, options);
    });
}

function addList(group: Command): void {
  group
    .command('ls')
    .summary('list the controllers of all bridges')
    .description('Lists the controllers of all bridges; of apps in the daemon also what they have done.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  linecard controller ls\n  linecard controller ls --json')
    .action(list);
}

const columns: readonly Column<ControllerInfo>[] = [
  { title: 'BRIDGE', text: ({ bridge }) => bridge },
  { title: 'NETWORK', text: ({ network }) => network ?? '' },
  { title: 'DPID', text: ({ dpid }) => dpid ?? '' },
  { title: 'CONTROLLER', text: ({ target, app }) => (app === undefined ? target : `embedded:${app}`) },
  {
    title: 'STATE',
    text: ({ connected, error }) => error ?? (connected ? 'connected' : 'away'),
    colour: ({ connected, error }) => (error === undefined ? (connected ? 'green' : 'yellow') : 'red'),
  },
  { title: 'OPENFLOW', text: ({ version }) => version ?? '' },
  { title: 'PACKET-INS', text: ({ packetIns }) => String(packetIns ?? '') },
  { title: 'SENT', text: ({ sent }) => String(sent ?? '') },
  {
    title: 'ERRORS',
    text: ({ errors }) => String(errors ?? ''),
    colour: ({ errors }) => ((errors ?? 0) > 0 ? 'red' : undefined),
  },
];

async function list(options: { readonly json?: true }): Promise<void> {
  const [{ askHost }, { json, painter, print, table }] = await Promise.all([
    import('../control.js'),
    import('../output.js'),
  ]);
  const controllers = await askHost('look', (api) => api.controllers());
  await print(options.json ? json(controllers) : table(columns, controllers, painter(process.stdout, process.env)));
}
