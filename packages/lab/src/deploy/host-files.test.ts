import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { changeFile, labsIn, withBlock, withoutBlock } from './host-files.js';

it('puts a block of a lab into a hosts file, once, and takes it out again', () => {
  const before = '127.0.0.1\tlocalhost\n';
  const once = withBlock(before, 'x', [['172.20.20.2', 'clab-x-a', 'linux']]);
  expect(once).toBe(
    `${before}###### CLAB-x-START ######\n172.20.20.2\tclab-x-a\t# Kind: linux\n###### CLAB-x-END ######\n`,
  );
  expect(withBlock(once, 'x', [['172.20.20.2', 'clab-x-a', 'linux']])).toBe(once);
  expect(withBlock(once, 'y', [['172.20.20.3', 'clab-y-a', 'linux']])).toContain('CLAB-x-END');
  expect(withoutBlock(once, 'x')).toBe(before);
  expect(withoutBlock(before, 'x')).toBe(before);
});

it('finds the labs of a hosts file', () => {
  const entries = [['172.20.20.2', 'a', 'linux']] as const;
  expect(labsIn(withBlock(withBlock('127.0.0.1\tlocalhost\n', 'x', entries), 'y-z', entries))).toEqual(['x', 'y-z']);
});

it('changes a file where it stands, and makes one only for something', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'linecard-hosts-'));
  try {
    const [path, other] = [join(folder, 'hosts'), join(folder, 'none')];
    writeFileSync(path, 'one\ntwo\nthree\n', { mode: 0o640 });
    const { ino } = statSync(path);
    await changeFile(path, (text) => text.replace('two\n', ''));
    expect(readFileSync(path, 'utf8')).toBe('one\nthree\n');
    expect(statSync(path)).toMatchObject({ ino, mode: 0o100640 });
    await changeFile(other, (text) => text);
    expect(() => statSync(other)).toThrow(/ENOENT/);
    await changeFile(other, () => 'new\n');
    expect(readFileSync(other, 'utf8')).toBe('new\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
