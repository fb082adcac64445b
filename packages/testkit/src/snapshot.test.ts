import { describe, expect, it } from 'vitest';
import { flattenOutline } from './snapshot.js';

describe('flattenOutline', () => {
  it('puts what an entry stands under before it, so that the order of siblings does not matter', () => {
    const one = 'Bridge a\n    Port p\n        Interface p\n    fail_mode: secure\nBridge b\n    Port p\n';
    const other = 'Bridge b\n    Port p\nBridge a\n    fail_mode: secure\n    Port p\n        Interface p\n';
    expect(flattenOutline(one)).toEqual([
      'Bridge a',
      'Bridge a > Port p',
      'Bridge a > Port p > Interface p',
      'Bridge a > fail_mode: secure',
      'Bridge b',
      'Bridge b > Port p',
    ]);
    expect(flattenOutline(other)).toEqual(flattenOutline(one));
    expect(flattenOutline('\n')).toEqual([]);
  });
});
