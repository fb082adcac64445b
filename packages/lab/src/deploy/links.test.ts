import { describe, expect, it } from 'vitest';
import { qdiscWords } from './links.js';

describe('qdiscWords', () => {
  const words = (...args: Parameters<typeof qdiscWords>) =>
    qdiscWords(...args)
      .slice(2)
      .join(' ');

  it.each([
    [
      { delayMs: 10, jitterMs: 2, loss: 1.5, rateKbit: 1000 },
      true,
      'replace dev e root netem delay 10ms 2ms loss 1.5% rate 1000kbit',
    ],
    [{ rateKbit: 1000 }, true, 'replace dev e root netem rate 1000kbit'],
    [{ rateKbit: 1000 }, false, 'replace dev e root tbf rate 1000kbit burst 16000 latency 100ms'],
    [{}, true, 'del dev e root'],
  ])('%j', (impairment, hasNetem, wanted) => expect(words('e', impairment, hasNetem)).toBe(wanted));
});
