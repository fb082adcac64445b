import { LinecardError } from '@linecard/wire';
import { describe, expect, it } from 'vitest';
import { createLogger, errorFields, textLine } from './log.js';

function capture(format: 'json' | 'text') {
  const lines: string[] = [];
  const logger = createLogger(format, 'info', { write: (line) => void lines.push(line) });
  return { logger, lines };
}

describe('the log', () => {
  it('is one object per line for programs', () => {
    const { logger, lines } = capture('json');
    logger.info({ ms: 1.5 }, 'plugin call');
    logger.debug('not told');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      ms: 1.5,
      msg: 'plugin call',
    });
  });

  it('is readable for people', () => {
    const { logger, lines } = capture('text');
    logger.warn({ network: 'abc', error: 'two words' }, 'Open vSwitch is away');
    expect(lines.join('')).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}Open vSwitch is away network=abc error="two words"\n$/,
    );
  });

  it('puts a stack on lines of its own', () => {
    const line = textLine(JSON.stringify({ level: 'fatal', time: 5, msg: 'm', stack: 'Error: x\n    at y' }));
    expect(line).toMatch(/ fatal m\n {4}Error: x\n {8}at y\n$/);
  });
});

describe('an error', () => {
  it('is told by code and hint, or by its stack when nobody meant it', () => {
    expect(errorFields(new LinecardError('LC_INVALID', 'no', { hint: 'do' }))).toEqual({
      code: 'LC_INVALID',
      error: 'no (do)',
    });
    expect(errorFields(new TypeError('oops'))).toEqual({
      error: 'oops',
      stack: expect.stringContaining('TypeError: oops'),
    });
    expect(errorFields('text')).toEqual({ error: 'text' });
  });
});
