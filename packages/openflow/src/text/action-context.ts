import type { Action } from '../actions/index.js';

/** What the meaning of actions depends on. */
export interface ActionContext {
  /** The version that the actions are for. */
  readonly version: number;
  /** The IP protocol that the flow matches: it says which port mod_tp_src sets. */
  readonly protocol?: number;
  /** Whether the packet has a VLAN tag where the action stands; changes from action to action. */
  readonly tag?: { present: boolean };
}

/** Reads what follows the name of an action. */
export type ActionParser = (value: string, context: ActionContext) => Action | readonly Action[];
