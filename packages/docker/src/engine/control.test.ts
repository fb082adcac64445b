import type { IncomingMessage, RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerControl } from '../index.js';
import { serveOn, socketDirectory } from '../testing/sockets.js';
import { splitOutput } from './exec-output.js';

const frame = (stream: number, text: string) => {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

describe('splitOutput', () => {
  const bytes = Buffer.concat([frame(1, 'out '), frame(2, 'err'), frame(1, ''), frame(1, 'more')]);

  it('puts together what belongs together', () => {
    expect(splitOutput(bytes)).toEqual({ stdout: 'out more', stderr: 'err' });
    expect(splitOutput(Buffer.alloc(0))).toEqual({ stdout: '', stderr: '' });
  });

  it('takes whole frames only', () => {
    const whole = new Set([0, 12, 23, 31, 43]);
    for (let length = 0; length <= bytes.length; length++) {
      const cut = () => splitOutput(bytes.subarray(0, length));
      if (whole.has(length)) expect(cut).not.toThrow();
      else expect(cut, String(length)).toThrow(/middle of a frame/);
    }
  });
});

describe('DockerControl', () => {
  let directory: Awaited<ReturnType<typeof socketDirectory>>;
  let close: () => unknown;
  let control: DockerControl;
  const calls: string[] = [];
  let answers: Record<string, [status: number, body: string | Buffer]>;

  const listener: RequestListener = (request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const call = `${request.method} ${request.url}`;
      calls.push(`${call} ${body}`.trim());
      const [status, answer] = answers[call] ?? [404, '{"message":"no such thing"}'];
      response.writeHead(status).end(answer);
    });
  };

  beforeEach(async () => {
    directory = await socketDirectory();
    calls.length = 0;
    ({ close } = await serveOn(directory.socket('d'), listener));
    control = new DockerControl({ socketPath: directory.socket('d') });
  });
  afterEach(async () => {
    control.close();
    await close();
    await directory.remove();
  });

  it('makes, starts and removes a container', async () => {
    answers = {
      'POST /containers/create?name=a': [201, '{"Id":"c1","Warnings":[]}'],
      'POST /containers/c1/start': [304, ''],
      'DELETE /containers/c1?force=1&v=1': [204, ''],
    };
    expect(await control.createContainer('a', { Image: 'x' })).toBe('c1');
    await control.startContainer('c1');
    expect(await control.removeContainer('c1')).toBe(true);
    expect(await control.removeContainer('c2')).toBe(false);
    expect(calls[0]).toBe('POST /containers/create?name=a {"Image":"x"}');
  });

  it('says what Docker refused', async () => {
    answers = {
      'POST /containers/create?name=a': [409, '{"message":"the name is in use"}'],
      'POST /containers/c1/start': [500, '{"message":"no such device"}'],
      'POST /images/create?fromImage=x%3Alatest': [200, '{"status":"Pulling"}\r\n{"error":"no route"}\r\n'],
    };
    await expect(control.createContainer('a', { Image: 'x' })).rejects.toMatchObject({
      code: 'LC_CONFLICT',
      message: 'Docker refused POST /containers/create?name=a: the name is in use',
    });
    await expect(control.startContainer('c1')).rejects.toThrow(/POST \/containers\/c1\/start: no such device/);
    await expect(control.pullImage('x', 1000)).rejects.toThrow('Docker could not pull x:latest: no route');
    expect(await control.hasImage('x')).toBe(false);
  });

  it('runs a program and tells how it ended', async () => {
    answers = {
      'POST /containers/c1/exec': [201, '{"Id":"e1"}'],
      'POST /exec/e1/start': [200, Buffer.concat([frame(1, 'hello'), frame(2, 'oh')])],
      'GET /exec/e1/json': [200, '{"Running":false,"ExitCode":3}'],
    };
    expect(await control.exec('c1', ['ls', 'a b'])).toEqual({ stdout: 'hello', stderr: 'oh', exitCode: 3 });
    expect(calls[0]).toContain('"Cmd":["ls","a b"]');
  });
});
