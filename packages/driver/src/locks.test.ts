import { expect, it } from 'vitest';
import { Locks } from './locks.js';

it('runs work of one key in order, also after a failure, and of several keys at once', async () => {
  const locks = new Locks();
  const seen: string[] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = locks.run('a', async () => {
    await gate;
    seen.push('first');
    throw new Error('no');
  });
  const second = locks.run('a', async () => seen.push('second'));
  await locks.run('b', async () => seen.push('other'));
  open();
  await expect(first).rejects.toThrow('no');
  await second;
  expect(seen).toEqual(['other', 'first', 'second']);
});
