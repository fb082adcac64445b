import type { Uuid } from '@linecard/ovsdb';
import type { ClaimIndex } from './claim-index.js';
import { claimIdentity, claimIds, readClaim } from './claims.js';
import type { Northbound, NorthboundTransaction } from './northbound.js';

/** How many claims one transaction gives their own rows. */
const batch = 500;

/** Moves claims that a restored database has under other identities into the rows of their addresses. */
export async function settleClaims(nb: Northbound, index: ClaimIndex): Promise<void> {
  while (index.misplaced.size > 0) {
    await nb.write((tx) => settleSome(nb, tx, index), { what: 'put restored addresses in their rows' });
  }
}

function settleSome(nb: Northbound, tx: NorthboundTransaction, index: ClaimIndex): void {
  const moved = new Set<Uuid>();
  for (const uuid of [...index.misplaced].slice(0, batch)) {
    const claim = readClaim(nb.nameRow(uuid));
    if (claim === undefined) continue;
    tx.delete('DNS', uuid);
    const own = claimIdentity(claim.space, claim.address);
    // The name in it comes back with its owner, who also tells the switch of the new row.
    if (nb.nameRow(own) === undefined && !moved.has(own)) tx.insert('DNS', { external_ids: claimIds(claim) }, own);
    moved.add(own);
  }
}
