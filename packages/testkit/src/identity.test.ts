import { describe, expect, it } from 'vitest';
import { newBedName, ownerAlive, processStart } from './identity.js';

describe('the name of a bed', () => {
  it('tells whether its owner lives', () => {
    expect(ownerAlive(newBedName())).toBe(true);
    expect(newBedName()).not.toBe(newBedName());
    // The same pid, taken by a process that started at another time.
    expect(ownerAlive(`linecard-bed-${process.pid}-1-abcdef`)).toBe(false);
    expect(ownerAlive('linecard-bed-4194305-1-abcdef')).toBe(false);
  });

  it('is recognised among others', () => {
    expect(ownerAlive('linecard-busybox-0-1-2.tar')).toBeUndefined();
    expect(ownerAlive('linecard-bed-x')).toBeUndefined();
  });
});

describe('processStart', () => {
  it('is stable for a living process and undefined for none', () => {
    expect(processStart(process.pid)).toMatch(/^\d+$/);
    expect(processStart(process.pid)).toBe(processStart(process.pid));
    expect(processStart(4194305)).toBeUndefined();
  });
});
