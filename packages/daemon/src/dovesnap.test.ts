import { expect, it } from 'vitest';
import { shortEngineId } from './dovesnap.js';

it('shortens the ID of an engine as dovesnap does', () => {
  expect(shortEngineId('AAAA:BBBB:CCCC')).toBe('075292');
  expect(shortEngineId('7d5c1a2b-0000-4000-8000-000000000000')).toMatch(/^[0-9A-F]{6,}$/);
  expect(shortEngineId('')).toBe('');
});
