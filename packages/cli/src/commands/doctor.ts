import type { Finding } from '@linecard/api';
import type { Command } from 'commander';
import type { Colour } from '../output.js';

/** `linecard doctor`: what is well and what is not. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('look for what is wrong')
    .description(
      'Looks at everything that Linecard needs, and says what to do about what is wrong. Works without the daemon.',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Exit status: 1 when a check fails; warnings are no failure.

Examples:
  linecard doctor
  linecard doctor --json | jq '.[] | select(.verdict != "ok")'`,
    )
    .action(examine);
}

const colours: Readonly<Record<Finding['verdict'], Colour>> = { ok: 'green', warn: 'yellow', fail: 'red' };

async function examine(options: { readonly json?: true }): Promise<void> {
  const [{ askHost }, { json, painter, print }] = await Promise.all([import('../control.js'), import('../output.js')]);
  const findings = await askHost('look', (api) => api.doctor());
  if (findings.some(({ verdict }) => verdict === 'fail')) process.exitCode = 1;
  if (options.json) return print(json(findings));
  const paint = painter(process.stdout, process.env);
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, verdict, what, remedy }) => {
    const advice = remedy === undefined ? '' : `\n${' '.repeat(width + 8)}-> ${remedy}`;
    return `${paint(verdict.padEnd(4), colours[verdict])}  ${check.padEnd(width)}  ${what}${advice}\n`;
  });
  await print(lines.join(''));
}
