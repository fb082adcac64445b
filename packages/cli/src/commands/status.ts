import type { Command } from 'commander';

/** `linecard status`: how the daemon is. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('show how the daemon is')
    .description('Shows whether the daemon runs and reaches Open vSwitch and Docker. Fails when it does not run.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  linecard status\n  linecard status --json | jq .ovs.connected')
    .action(show);
}

function duration(seconds: number): string {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${seconds} s`;
}

async function show(options: { readonly json?: true }): Promise<void> {
  const [{ askDaemon }, { json, painter, print }] = await Promise.all([
    import('../control.js'),
    import('../output.js'),
  ]);
  const status = await askDaemon((api) => api.status());
  if (options.json) return print(json(status));
  const paint = painter(process.stdout, process.env);
  const state = (up: boolean) => paint(up ? 'connected' : 'away', up ? 'green' : 'red');
  const { ovs, docker } = status;
  const version = ovs.version === undefined ? '' : `, version ${ovs.version}`;
  const lines = [
    ['linecard', `${status.version}, pid ${status.pid}, up ${duration(status.uptime)}`],
    ['Open vSwitch', `${state(ovs.connected)}${version}, ${ovs.endpoint}${ovs.error ? `: ${ovs.error}` : ''}`],
    ['Docker', `${state(docker.connected)}, ${docker.socket}`],
    ['networks', String(status.networks)],
    ['ports', String(status.ports)],
    ['listens on', status.listen ?? 'nothing'],
  ];
  await print(lines.map(([name, text]) => `${name!.padEnd(12)}  ${text}\n`).join(''));
}
