import { explain } from '@linecard/wire';
import { Command } from 'commander';
import { upCommand } from './commands/up.js';

export async function runCommand(argv: readonly string[]): Promise<number> {
  const program = new Command('linecard').addCommand(upCommand());
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    console.error(`linecard: ${explain(error)}`);
    return 1;
  }
}
