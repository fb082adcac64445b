import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@linecard/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describePacket } from './index.js';

const hasOvs = spawnSync('ovs-ofctl', ['--version']).status === 0;

interface Frame {
  readonly name: string;
  readonly line: string;
  readonly bytes: Uint8Array;
}

function parseFrame(block: string): Frame {
  const [name, line, ...hex] = block.trim().split('\n');
  return { name: name!.slice(2), line: line!.slice(2), bytes: fromHex(hex.join('')) };
}

const file = readFileSync(new URL('../fixtures/described.txt', import.meta.url), 'utf8');
const frames = file.split('\n\n').slice(1).map(parseFrame);

/** A packet-out of OpenFlow 1.3 without actions. */
function packetOut(frame: Uint8Array): Buffer {
  const head = Buffer.from('040d000000000001ffffffff000000010000000000000000', 'hex');
  const message = Buffer.concat([head, frame]);
  message.writeUInt16BE(message.length, 2);
  return message;
}

/** What Open vSwitch says of each frame. */
function oracle(some: readonly Uint8Array[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'packet-'));
  const path = join(directory, 'messages');
  writeFileSync(path, Buffer.concat(some.map(packetOut)));
  const { stdout } = spawnSync('ovs-ofctl', ['ofp-parse', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  rmSync(directory, { recursive: true });
  return stdout.split('\n').filter((line) => line.includes('dl_src='));
}

/**
 * Open vSwitch also shows the fields of a service header (0x894f), which are not looked at here, does not ask an IP
 * packet for its version, and looks at what comes before a broken extension header of IPv6.
 */
function isComparable(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('hex');
  return !/894f|0800(?!4)|86dd(?!6)|86dd6.{11}(00|2b|2c|33|3c|87|8b|8c)/.test(text);
}

describe('describePacket', () => {
  it.each(frames)('says what $name is', ({ line, bytes }) => {
    expect(describePacket(bytes)).toBe(line);
  });

  it('stands every frame cut short anywhere', () => {
    for (const { bytes } of frames) {
      for (let length = 0; length <= bytes.length; length++) {
        expect(describePacket(bytes.subarray(0, length))).toContain('dl_src=');
      }
    }
  });

  it.skipIf(!hasOvs)('agrees with Open vSwitch about the frames written down, and about damaged ones', () => {
    const marks = fc.array(fc.record({ at: fc.nat(90), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 3 });
    const length = fc.integer({ min: 26, max: 200 });
    const damaged = fc.tuple(fc.constantFrom(...frames), marks, length).map(([{ bytes }, changes, most]) => {
      const copy = bytes.slice(0, Math.max(1, Math.min(bytes.length, most)));
      for (const { at, byte } of changes) copy[at % copy.length] = byte;
      return copy;
    });
    const samples = [...frames.map(({ bytes }) => bytes), ...fc.sample(damaged, { numRuns: 2000, seed: 42 })];
    const some = samples.filter((bytes, i) => i < frames.length || isComparable(bytes));
    const lines = oracle(some);
    expect(lines.length).toBe(some.length);
    some.forEach((bytes, i) => {
      expect(describePacket(bytes), Buffer.from(bytes).toString('hex')).toBe(lines[i]!.trimEnd());
    });
  });
});
