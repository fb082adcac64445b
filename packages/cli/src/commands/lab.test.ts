import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addLab } from './lab.js';

function lab(): Command {
  const program = new Command('linecard');
  addLab(program);
  return program.commands[0]!;
}

const part = (name: string) => lab().commands.find((one) => one.name() === name)!;

describe('linecard lab', () => {
  it.each([
    ['deploy', ['dep']],
    ['redeploy', ['rdep']],
    ['destroy', ['des']],
    ['inspect', ['ins', 'i']],
  ])('%s has the short names that containerlab gives it', (name, aliases) =>
    expect(part(name).aliases()).toEqual(aliases),
  );

  it('takes the topology by -t everywhere, and shows examples', () => {
    for (const command of lab().commands) {
      expect(command.options.map(({ flags }) => flags)).toContain('-t, --topo <file>');
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      expect(help).toContain(`Examples:\n  linecard lab ${command.name()} `);
    }
  });

  it.each([
    ['--rate', '10mbit', 10_000],
    ['--rate', '512', 512],
    ['--rate', '1.5 Gbit', 1_500_000],
    ['--delay', '20ms', 20],
    ['--delay', '0.5s', 500],
    ['--delay', '250us', 0.25],
    ['--loss', '1.5%', 1.5],
  ])('reads %s %s', (long, text, value) => {
    const option = part('impair').options.find((one) => one.long === long)!;
    expect(option.parseArg?.(text, undefined)).toBe(value);
  });

  it.each([
    ['--rate', '10 parsec'],
    ['--rate', ''],
    ['--delay', '-1'],
    ['--loss', 'much'],
  ])('refuses %s %j', (long, text) => {
    const option = part('impair').options.find((one) => one.long === long)!;
    expect(() => option.parseArg?.(text, undefined)).toThrow('It must be a number, alone');
  });
});
