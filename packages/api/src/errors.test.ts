import { errorCodes, LinecardError } from '@linecard/wire';
import { expect, it } from 'vitest';
import { fromAnswer, toAnswer } from './errors.js';

it('carries every error over the wire as it was', () => {
  for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
    const { status, body } = toAnswer(new LinecardError(code, 'what', { hint: 'do' }));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(fromAnswer(status, JSON.parse(JSON.stringify(body)))).toMatchObject({ code, message: 'what', hint: 'do' });
  }
});

it('tells a fault of its own from a refusal', () => {
  expect(toAnswer(new TypeError('oops'))).toMatchObject({ status: 500, body: { error: { code: 'LC_PROTOCOL' } } });
});

it('survives an answer that is none', () => {
  expect(fromAnswer(502, '<html>')).toMatchObject({
    code: 'LC_PROTOCOL',
    message: expect.stringContaining('HTTP 502'),
  });
  expect(fromAnswer(400, { error: { code: 'LC_NEW', message: 'm' } })).toMatchObject({
    code: 'LC_PROTOCOL',
    message: 'm',
  });
});
