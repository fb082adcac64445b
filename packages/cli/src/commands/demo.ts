import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { DemoOptions } from '../demo/kiwipycon.js';

const guests = ['kiwipycon_h1', 'kiwipycon_h2'] as const;

function seconds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

/** `linecard demo`: something to look at. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .summary('bring up an example')
    .description(
      'kiwipycon: bridge kiwipycon, guests kiwipycon_h1 (172.31.1.1/24) and kiwipycon_h2 (172.31.1.2/24), and an OpenFlow\n' +
        'controller on 127.0.0.1:6633 that lets h1 pass once it has asked for a certain name: port knocking by DNS.\n' +
        'Runs until Ctrl-C; guests and bridge stay until --down.',
    )
    .addArgument(new Argument('<example>', 'the example').choices(['kiwipycon']))
    .option('--detach', 'return when all is up; the controller runs on in the background')
    .option('--down', 'remove all that the example made')
    .option('--knock-name <name>', 'the name to ask for', 'xyzzy.example.com')
    .addOption(new Option('--guarded <guest>', 'who has to knock').choices(guests).default(guests[0]))
    .option('--open-seconds <seconds>', 'how long a door stays open; 0 is for ever', seconds, 0)
    .addHelpText(
      'after',
      `
Examples:
  linecard demo kiwipycon --detach
  docker exec kiwipycon_h1 ping -c 5 -W 1 172.31.1.2
  docker exec kiwipycon_h1 dig @172.31.1.2 +time=1 +tries=1 +short xyzzy.example.com
  docker exec kiwipycon_h1 ping -c 5 -W 1 172.31.1.2
  linecard flows kiwipycon
  linecard demo kiwipycon --down`,
    )
    .action(async (_example: string, options: DemoOptions) => {
      const { kiwipycon } = await import('../demo/kiwipycon.js');
      await kiwipycon(options);
    });
}
