import { expect, it } from 'vitest';
import { withBlock, withoutBlock } from './host-files.js';

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
