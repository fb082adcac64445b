import { describe, expect, it } from 'vitest';
import { type Column, painter, table } from './output.js';

interface Row {
  readonly name: string;
  readonly vlan: string;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name, colour: ({ name }) => (name === 'bad' ? 'red' : undefined) },
  { title: 'VLAN', text: ({ vlan }) => vlan },
  { title: 'END', text: () => 'x' },
];
const plain = painter({ isTTY: false }, {});

describe('a table', () => {
  it('aligns its columns, shows what is missing, and leaves empty columns out', () => {
    expect(
      table(
        columns,
        [
          { name: 'longname', vlan: '7' },
          { name: 'b', vlan: '' },
        ],
        plain,
      ),
    ).toBe('NAME      VLAN  END\nlongname  7     x\nb         -     x\n');
    expect(table(columns, [{ name: 'a', vlan: '' }], plain)).toBe('NAME  END\na     x\n');
    expect(table(columns, [], plain)).toBe('NAME  VLAN  END\n');
  });

  it('pads before it paints', () => {
    const paint = painter({ isTTY: true }, {});
    const [, bad] = table(columns, [{ name: 'bad', vlan: '' }], paint).split('\n');
    expect(bad).toBe('\x1b[31mbad \x1b[0m  x');
  });
});

describe('colours', () => {
  it('are for terminals that want them', () => {
    expect(painter({ isTTY: true }, {})('x', 'green')).toBe('\x1b[32mx\x1b[0m');
    expect(painter({ isTTY: true }, {})('x', undefined)).toBe('x');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }])
      expect(painter({ isTTY: true }, env)('x', 'green')).toBe('x');
    expect(painter({}, {})('x', 'green')).toBe('x');
    expect(painter({ isTTY: true }, { NO_COLOR: '' })('x', 'green')).not.toBe('x');
  });
});
