import { access } from 'node:fs/promises';
import { containerOfport, onBridgePortsChanged } from '@linecard/driver';
import { OpenvSwitch, runDirectoryOf } from '@linecard/switch';
import { readSettings } from './settings.js';

const defaultOvsdb = 'unix:/run/openvswitch/db.sock';

/** OVSDB and the run directory of the Open vSwitch that the environment names. */
export function whereOvs(): { readonly ovsdb: string; readonly runDirectory: string } {
  const ovsdb = readSettings(process.env).ovsdb ?? defaultOvsdb;
  return { ovsdb, runDirectory: runDirectoryOf(ovsdb) };
}

/** The Open vSwitch of this machine, asked who is behind its ports; undefined where there is none to ask. */
export async function openSwitch(): Promise<OpenvSwitch | undefined> {
  const { ovsdb } = whereOvs();
  const path = /^unix:([^,]+)$/.exec(ovsdb)?.[1];
  const present = path === undefined || (await access(path).then(...yesOrNo));
  if (!present) return undefined;
  const ovs = new OpenvSwitch({ endpoint: ovsdb });
  ovs.start();
  return ovs;
}

const yesOrNo = [() => true, () => false] as const;

/** How an app finds containers by name. */
export function surroundingsOf(ovs: OpenvSwitch | undefined) {
  if (ovs === undefined) return {};
  const { view } = ovs;
  return {
    portOf: (guest: string, sw: { readonly name: string }) => containerOfport(view, sw.name, guest),
    onPortsChanged: (changed: () => void) => onBridgePortsChanged(view, changed),
  };
}
