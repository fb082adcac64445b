import type { Command } from 'commander';
import type { FlowsOptions } from '../flows.js';

/** `linecard flows`: the flows of a bridge, with names of containers. */
export function addFlows(program: Command): void {
  program
    .command('flows')
    .summary('show the flows of a bridge')
    .description(
      'Shows the flows of any bridge, whoever controls it, as ovs-ofctl does, with the names of containers beside port\n' +
        'numbers. Asks Open vSwitch itself: no daemon is needed.',
    )
    .argument('<bridge>', 'name of the bridge')
    .option('--json', 'print JSON; with --watch one line for each change')
    .option('--watch', 'print again whenever a flow or a counter changes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  linecard flows kiwipycon
  linecard flows kiwipycon --watch
  linecard flows kiwipycon --json | jq '.[] | select(.packets > 0)'`,
    )
    .action(async (bridge: string, options: FlowsOptions) => {
      const { showFlows } = await import('../flows.js');
      await showFlows(bridge, options);
    });
}
