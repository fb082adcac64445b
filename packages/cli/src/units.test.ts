import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { launcher, marker, serviceUnit, socketUnit } from './units.js';

const program = { node: '/opt/my node/bin/node', main: "/srv/it's 100% $HOME/main.js" };

it('marks everything as its own', () => {
  for (const text of [launcher(program), serviceUnit(program), socketUnit()]) expect(text).toContain(marker);
});

it('quotes paths for systemd', () => {
  const node = '"/opt/my node/bin/node" --max-semi-space-size=2 --max-old-space-size=512 --initial-old-space-size=24';
  expect(serviceUnit(program)).toContain(`ExecStart=${node} "/srv/it's 100%% $$HOME/main.js" up\n`);
});

it('quotes paths for the shell', () => {
  const probe = launcher({ ...program, node: 'printf' }).replace("'printf'", "'printf' -- '%s|'");
  const output = execFileSync('sh', ['-c', probe, 'linecard', 'a b', '$c'], { encoding: 'utf8' });
  const options = '--max-semi-space-size=2|--max-old-space-size=512|--initial-old-space-size=24';
  expect(output).toBe(`${options}|${program.main}|a b|$c|`);
});

it('has systemd make the sockets of both drivers, for root only, before Docker starts', () => {
  expect(socketUnit()).toMatch(/Before=docker\.service docker\.socket\n/);
  expect(socketUnit()).toContain('SocketMode=0600');
  expect(socketUnit()).toContain('RemoveOnStop=yes');
});
