#!/usr/bin/env node
import module from 'node:module';

// Newer versions of Node keep compiled code; older ones have no such function.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

// A reader that has seen enough, as `head` has, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const { runCommand } = await import('./program.js');
process.exitCode = await runCommand(process.argv.slice(2));
