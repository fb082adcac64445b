import { Argument, type Command } from 'commander';
import type { Shell } from '../completion.js';

const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** `linecard completion`: what a shell needs to complete this command. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script')
    .description('Prints the script by which a shell completes this command.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(linecard completion bash)
  linecard completion zsh > /usr/local/share/zsh/site-functions/_linecard
  linecard completion fish > ~/.config/fish/completions/linecard.fish`,
    )
    .action(async (shell: Shell) => {
      const [{ completionScript }, { print }] = await Promise.all([import('../completion.js'), import('../output.js')]);
      await print(completionScript(program, shell));
    });
}
