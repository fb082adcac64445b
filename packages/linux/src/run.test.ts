import { describe, expect, it } from 'vitest';
import { CommandError, isMissingProgram, run } from './run.js';

const failure = (promise: Promise<unknown>) => promise.then(() => undefined).catch((error: unknown) => error);

describe('run', () => {
  it('passes arguments as they are, and the input', async () => {
    const script = 'process.stdin.pipe(process.stdout); console.error(process.argv.slice(1).join("|"))';
    const result = await run([process.execPath, '-e', script, '--', '$HOME; ls', "'"], { input: 'héllo' });
    expect(result).toEqual({ stdout: 'héllo', stderr: "$HOME; ls|'\n" });
  });

  it('gives exactly the environment asked for, in the C locale', async () => {
    expect((await run(['/usr/bin/env'], { env: { A: 'b' } })).stdout).toBe('A=b\nLC_ALL=C\n');
  });

  it('says what failed, how and why', async () => {
    const error = await failure(run(['sh', '-c', 'echo broken >&2; exit 3']));
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({
      code: 'LC_COMMAND',
      argv: ['sh', '-c', 'echo broken >&2; exit 3'],
      exitCode: 3,
      stderr: 'broken',
      message: 'sh -c echo broken >&2; exit 3: exit status 3: broken',
    });
    expect(await failure(run(['sh', '-c', 'kill -TERM $$']))).toMatchObject({ message: /ended by SIGTERM/ });
  });

  it('knows a program that is not installed', async () => {
    const error = await failure(run(['linecard-no-such-program']));
    expect(isMissingProgram(error)).toBe(true);
    expect(error).toMatchObject({ code: 'LC_COMMAND', hint: 'install linecard-no-such-program' });
    expect(isMissingProgram(new Error('x'))).toBe(false);
  });

  it('kills what takes too long, also when a grandchild keeps the outputs open', async () => {
    const started = Date.now();
    const error = await failure(run(['sh', '-c', 'sleep 2 & wait'], { timeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'LC_TIMEOUT', message: /within 50 ms/ });
    expect(Date.now() - started).toBeLessThan(1500);
  });

  it('bounds the outputs', async () => {
    expect(await failure(run(['sh', '-c', 'yes'], { maxOutput: 1000 }))).toMatchObject({ message: /above 1000 bytes/ });
  });

  it('does not mind a program that ignores its input', async () => {
    await expect(run(['true'], { input: 'x'.repeat(1 << 20) })).resolves.toEqual({ stdout: '', stderr: '' });
  });
});
