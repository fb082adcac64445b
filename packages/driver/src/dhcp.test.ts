import { accessSync, constants } from 'node:fs';
import { expect, it } from 'vitest';
import { readLeaseLine } from './dhcp.js';

const now = new Date('2026-01-02T03:04:05Z');
const since = '2026-01-02T03:04:05.000Z';

it.each([
  [
    'lease bound 10.0.0.9 24 10.0.0.1 10.0.0.2 600 ',
    { address: '10.0.0.9/24', router: '10.0.0.1', server: '10.0.0.2', seconds: 600, since },
  ],
  ['lease renew 10.0.0.9 24 10.0.0.2 600', { address: '10.0.0.9/24', server: '10.0.0.2', seconds: 600, since }],
  ['lease bound 10.0.0.9 24 600', { address: '10.0.0.9/24', seconds: 600, since }],
  ['lease deconfig ', 'none'],
  ['lease bound 10.0.0.9 24', undefined],
  ['lease bound nonsense 24 600', undefined],
  ['udhcpc: started', undefined],
  ['', undefined],
])('reads "%s"', (line, lease) => {
  expect(readLeaseLine(line, now)).toEqual(lease);
});

it('has a script that udhcpc can execute', () => {
  accessSync(new URL('../assets/udhcpc.sh', import.meta.url), constants.X_OK);
});
