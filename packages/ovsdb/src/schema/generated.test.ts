import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { vswitch } from '../index.js';

const installed = '/usr/share/openvswitch/vswitch.ovsschema';
const version = existsSync(installed) ? JSON.parse(readFileSync(installed, 'utf8')).version : undefined;

describe('generated schemas', () => {
  it.skipIf(version !== vswitch.version)('are what the generator makes of the installed Open vSwitch', () => {
    const script = fileURLToPath(new URL('../../scripts/generate.mjs', import.meta.url));
    const made = execFileSync(process.execPath, [script, 'vswitch', installed, '--print'], { encoding: 'utf8' });
    expect(readFileSync(new URL('./vswitch.ts', import.meta.url), 'utf8')).toBe(made);
  });
});
