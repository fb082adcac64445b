import type { MessageInit } from '@linecard/openflow';
import type { Channel, Outgoing, Refusal } from './channel.js';
import { OpenFlowError } from './errors.js';
import type { FlowMod } from './flow-spec.js';

/** OFPBF_ATOMIC | OFPBF_ORDERED: all or nothing, in this order. */
const flags = 3;

/**
 * Sends changes as one bundle (OpenFlow 1.4.1 section 6.8), which the switch makes all at once or not at all. Answers
 * what was refused, or undefined when the switch does not do bundles: then nothing was sent that counts.
 */
export async function sendBundle(
  channel: Channel,
  bundleId: number,
  mods: readonly FlowMod[],
): Promise<readonly Refusal[] | undefined> {
  const control = (ctrl_type: 'open_request' | 'commit_request' | 'discard_request'): Outgoing => ({
    type: 'bundle_control',
    bundle_id: bundleId,
    ctrl_type,
    flags,
  });
  if (!(await granted(channel, control('open_request')))) return undefined;
  const refused = await channel.postAll(inBundle(channel, bundleId, mods));
  if (refused.length > 0) {
    await granted(channel, control('discard_request'));
    return refused;
  }
  await channel.request(control('commit_request'));
  return [];
}

/** The message in a bundle has the transaction ID of the message around it. */
function* inBundle(
  channel: Channel,
  bundle_id: number,
  mods: readonly FlowMod[],
): Iterable<MessageInit & { readonly xid: number }> {
  for (const mod of mods) {
    const xid = channel.nextXid();
    const { version } = mod;
    yield { type: 'bundle_add_message', version, xid, bundle_id, flags, content: { message: { ...mod, xid } } };
  }
}

async function granted(channel: Channel, request: Outgoing): Promise<boolean> {
  try {
    await channel.request(request);
    return true;
  } catch (error) {
    if (error instanceof OpenFlowError) return false;
    throw error;
  }
}
