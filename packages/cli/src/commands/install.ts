import type { Command } from 'commander';

/** `linecard install`: the command on the PATH, the daemon in systemd. */
export function addInstall(program: Command): void {
  program
    .command('install')
    .summary('install the systemd units')
    .description(
      'Writes /usr/local/bin/linecard and the systemd units linecard.socket and linecard.service, and starts them.\n' +
        "Docker's plugin sockets are then there before Docker starts. Where systemd does not run, only the command.",
    )
    .addHelpText('after', '\nExamples:\n  sudo linecard install\n  journalctl -u linecard -f')
    .action(async () => {
      const { install } = await import('../install.js');
      await install((line) => console.log(line));
    });
}

/** `linecard uninstall`: the way back. */
export function addUninstall(program: Command): void {
  program
    .command('uninstall')
    .summary('remove what install made')
    .description('Stops and removes exactly what `linecard install` made. Networks and containers stay as they are.')
    .addHelpText('after', '\nExamples:\n  sudo linecard uninstall')
    .action(async () => {
      const { uninstall } = await import('../install.js');
      await uninstall((line) => console.log(line));
    });
}
