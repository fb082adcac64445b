import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionsOf } from '../test/actions.js';
import { matchArbitrary } from '../test/matches.js';
import { hasOvs, printFirstLines } from '../test/ovs.js';
import {
  type Action,
  decode,
  encode,
  formatMessage,
  type Match,
  type MessageInit,
  parseFlow,
  type Version,
} from './index.js';

/** One seed, so that a failure is there for everybody; other seeds find other flows. */
const seed = Number(process.env.OPENFLOW_SEED ?? 1);

const tracked: Match = [
  { field: 'eth_type', value: 0x0800 },
  { field: 'ip_proto', value: 6 },
  { field: 'ct_state', value: 0x20, mask: 0x20 },
];

/** A flow-mod of any version. OpenFlow 1.0 needs Nicira's for what its own match cannot say. */
function flowMod(version: Version, match: Match, actions: readonly Action[], rest: object = {}): MessageInit {
  if (version === 1) return { type: 'nx_flow_mod', version, match, actions, ...rest };
  return {
    type: 'flow_mod',
    version,
    match,
    instructions: actions.length === 0 ? [] : [{ type: 'apply_actions', actions }],
    ...rest,
  };
}

/** How much Open vSwitch refuses: what it prints of the others must be what we print, and be read back as the same. */
function compare(version: Version, flows: readonly MessageInit[]): number {
  const messages = flows.map((flow) => encode(flow));
  const lines = printFirstLines(messages);
  const taken = lines.flatMap((line, i) => (line.includes('***decode error') ? [] : [i]));
  for (const i of taken) expect(formatMessage(decode(messages[i]!)).split('\n')[0]).toBe(lines[i]);
  if (version === 1) return flows.length - taken.length;
  const texts = taken.map((i) => lines[i]!.replace(/^.*?: ADD ?/, ''));
  const again = printFirstLines(
    texts.map((text) => encode(parseFlow(text.replace(/ ?actions=/, ',actions='), version))),
  );
  expect(again.map((line) => line.replace(/^.*?: ADD ?/, ''))).toEqual(texts);
  return flows.length - taken.length;
}

const versions = [1, 4, 5, 6] as const;

describe.skipIf(!hasOvs)('text of random flows', () => {
  it.each(versions)('has the matches of version %i as ovs-ofctl has them, and reads them back', (version) => {
    const matches = fc.sample(matchArbitrary, { numRuns: 1000, seed });
    const refused = compare(
      version,
      matches.map((match) => flowMod(version, match, [])),
    );
    expect(refused).toBeLessThan(100);
  });

  it.each(versions)('has the actions of version %i as ovs-ofctl has them, and reads them back', (version) => {
    const lists = fc.sample(fc.array(actionsOf[version], { minLength: 1, maxLength: 2 }), { numRuns: 1000, seed });
    const refused = compare(
      version,
      lists.map((actions) => flowMod(version, tracked, actions)),
    );
    expect(refused).toBeLessThan(100);
  });
});
