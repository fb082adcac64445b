// Runs the benchmarks and prints one table. Each brings its own machine (namespaces with real Open vSwitch and Docker),
// so it needs root and the packages that ./test installs.
// usage: node bench/run.mjs [--quick] [--json] [NAME...]     NAME: attach, scale, docker-run, throughput, controller...
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const quick = flags.includes('--quick');
const available = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const wanted = (name) => named.length === 0 || named.includes(name);

const unknown = flags.filter((flag) => !['--quick', '--json'].includes(flag));
if (unknown.length > 0) {
  console.error(`bench: there is no option ${unknown[0]}; usage: node bench/run.mjs [--quick] [--json] [NAME...]`);
  process.exit(2);
}
for (const name of named) {
  if (available.includes(name)) continue;
  console.error(`bench: there is no benchmark "${name}"; there are ${available.join(', ')}`);
  process.exit(2);
}

const rows = [];
for (const name of available.filter(wanted)) {
  console.error(`bench: ${name} ...`);
  const { default: bench } = await import(`./${name}.bench.mjs`);
  rows.push(...(await bench({ quick })));
}
console.log(flags.includes('--json') ? JSON.stringify(rows, undefined, 1) : table(rows));
process.exitCode = rows.some(({ ok }) => ok === false) ? 1 : 0;
/** A table for people, which is Markdown too. */
function table(lines) {
  const head = ['what', 'ours', 'rival', 'floor', 'bar', ''];
  const cells = lines.map(({ what, ours, rival, floor, bar, ok }) => {
    const verdict = ok === undefined ? '' : ok ? 'ok' : 'NOT';
    return [what, ours, rival, floor, bar, verdict];
  });
  const widths = head.map((_, i) => Math.max(3, ...[head, ...cells].map((line) => line[i].length)));
  const print = (line) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [print(head), print(widths.map((width) => '-'.repeat(width))), ...cells.map(print)].join('\n');
}
