import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reconnect, type ReconnectAction } from './index.js';

const options = { minBackoffMs: 100, maxBackoffMs: 800, connectTimeoutMs: 1000, probeMs: 5000, random: () => 0 };

/** Fails every attempt at once and says when each was made. */
function attemptsOf(machine: Reconnect, count: number): number[] {
  const times: number[] = [];
  machine.start(0);
  while (times.length < count) {
    const now = machine.deadline!;
    expect(machine.run(now)).toBe('connect');
    times.push(now);
    machine.lost(now);
  }
  return times;
}

describe('reconnect', () => {
  it('tries at once, then doubles its wait up to the largest', () => {
    expect(attemptsOf(new Reconnect(options), 7)).toEqual([0, 100, 300, 700, 1500, 2300, 3100]);
  });

  it('shortens waits at random by a quarter at most', () => {
    expect(attemptsOf(new Reconnect({ ...options, random: () => 1 }), 4)).toEqual([0, 75, 225, 525]);
  });

  it('begins with a short wait again after a connection that lived', () => {
    const machine = new Reconnect(options);
    let now = attemptsOf(machine, 4).at(-1)!;
    now = machine.deadline!;
    expect(machine.run(now)).toBe('connect');
    machine.connected(now);
    machine.lost(now + 10_000);
    expect(machine.deadline).toBe(now + 10_100);
  });

  it('keeps its long wait after a connection that died young', () => {
    const machine = new Reconnect(options);
    attemptsOf(machine, 4);
    const now = machine.deadline!;
    machine.run(now);
    machine.connected(now);
    machine.lost(now + 1);
    expect(machine.deadline).toBe(now + 1 + 800);
  });

  it('is due at once when it is told to hurry, and waits shortly after that', () => {
    const machine = new Reconnect(options);
    attemptsOf(machine, 5);
    machine.hurry(10_000);
    expect(machine.run(10_000)).toBe('connect');
    machine.hurry(10_001);
    expect(machine.run(10_001)).toBeUndefined();
    machine.lost(10_001);
    expect(machine.deadline).toBe(10_101);
  });

  it('gives up an attempt that hangs', () => {
    const machine = new Reconnect(options);
    machine.start(0);
    machine.run(0);
    expect(machine.run(999)).toBeUndefined();
    expect(machine.run(1000)).toBe('disconnect');
    machine.lost(1000);
    expect(machine.state).toBe('backoff');
  });

  it('probes a silent peer and gives up one that stays silent', () => {
    const machine = new Reconnect(options);
    machine.start(0);
    machine.run(0);
    machine.connected(0);
    machine.received(4000);
    expect(machine.run(5000)).toBeUndefined();
    expect(machine.run(9000)).toBe('probe');
    machine.received(9001);
    expect(machine.state).toBe('connected');
    expect(machine.run(14_001)).toBe('probe');
    expect(machine.run(19_001)).toBe('disconnect');
  });

  it('asks for no wake-up while a connection without probes is idle', () => {
    const machine = new Reconnect({ ...options, probeMs: 0 });
    machine.start(0);
    machine.run(0);
    machine.connected(0);
    expect(machine.deadline).toBeUndefined();
    machine.stop(1);
    expect(machine.deadline).toBeUndefined();
    machine.lost(2);
    expect(machine.state).toBe('stopped');
  });

  it('never asks to connect twice without a loss between, and never waits longer than allowed', () => {
    const event = fc.constantFrom('run', 'connected', 'received', 'lost', 'hurry', 'wait');
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const machine = new Reconnect(options);
        let now = 0;
        let open = false;
        machine.start(now);
        for (const name of events) {
          let action: ReconnectAction | undefined;
          if (name === 'wait') now += 500;
          else if (name === 'run') action = machine.run(now);
          else machine[name as 'connected' | 'received' | 'lost' | 'hurry'](now);
          if (action === 'connect') {
            expect(open).toBe(false);
            open = true;
          }
          if (name === 'lost') open = false;
          if (machine.state === 'backoff') expect(machine.deadline! - now).toBeLessThanOrEqual(800);
        }
      }),
    );
  });
});
