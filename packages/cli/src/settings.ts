import { controlSocket } from '@linecard/api';

/** Where the daemon, Open vSwitch and Docker are, as the environment says. */
export interface CliSettings {
  readonly socket: string;
  readonly ovsdb: string | undefined;
  readonly docker: string | undefined;
}

export function readSettings(env: NodeJS.ProcessEnv): CliSettings {
  return { socket: env.LINECARD_SOCKET ?? controlSocket, ovsdb: env.LINECARD_OVSDB, docker: env.LINECARD_DOCKER };
}

/** The database of this host's Open vSwitch. */
export function hostOvsdb(): string {
  return readSettings(process.env).ovsdb ?? 'unix:/run/openvswitch/db.sock';
}
