import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { newcomersFolder, ownHostFiles } from './support/lab.js';
import { describeSystem, useBed } from './support/system.js';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);

describeSystem('what the README shows', () => {
  let folder = '';
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    await bed.daemon();
    await ownHostFiles(bed);
    folder = await newcomersFolder(bed, 'readme');
  });

  it('is there', () => expect(blocks.length).toBeGreaterThanOrEqual(5));

  it('works as typed, from top to bottom', async () => {
    // One shell for all blocks, as one newcomer has; it ends at the first command that fails.
    const { stdout } = await theBed().exec(['bash', '-euo', 'pipefail', '-s'], {
      input: `cd ${folder}\n${blocks.join('\n')}`,
      env: { PATH: `${folder}/bin:${process.env.PATH}` },
      timeoutMs: 120_000,
    });
    expect(stdout).toMatch(/1 packets received/);
    expect(stdout).toMatch(/^mynet +web +eth0 +1 .* up$/m);
    // The number of `web` before its restart, after it, and in OVSDB.
    expect(stdout.match(/^eth0,1,[0-9a-f:]{17},lc[0-9a-f]{12}$/gm)).toHaveLength(2);
    expect(stdout).toMatch(/^1$/m);
    expect(stdout).toMatch(/^eth0,1,[0-9a-f:]{17}$/m);
    expect(stdout).toMatch(/^switched +switched +[0-9a-f]{16} +embedded:learning-switch +connected/m);
    expect(stdout).toMatch(/^0 +10 +in_port=1\(s1\),.* output:2\(s2\)/m);
    expect(stdout).toMatch(/^ruled +nat +172\.13\.0\.0\/24 +172\.13\.0\.1 .*0000000000000001/m);
    expect(stdout).toMatch(/^\*> 192\.168\.102\.0\/24 192\.168\.101\.2 .* 65002 65003 i$/m);
    expect(stdout).toMatch(/^ops1:1 +10000 kbit\/s$/m);
  });
}, ['vtysh']);
