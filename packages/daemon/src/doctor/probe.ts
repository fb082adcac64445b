import type { Finding } from '@linecard/api';
import type { Host } from '@linecard/driver';
import { explain } from '@linecard/wire';

/** What a probe looks at. */
export interface Patient {
  readonly host: Host;
  readonly pluginDirectory: string;
}

/** Looks at one thing. What it throws is a finding too. */
export interface Probe {
  readonly check: string;
  readonly look: (patient: Patient) => Promise<readonly Verdict[]>;
}

/** A finding but for its name. */
export type Verdict = Omit<Finding, 'check'>;

export const ok = (what: string): Verdict => ({ verdict: 'ok', what });
export const warn = (what: string, remedy: string): Verdict => ({ verdict: 'warn', what, remedy });
export const fail = (what: string, remedy: string): Verdict => ({ verdict: 'fail', what, remedy });

/** Runs a probe. */
export async function examine({ check, look }: Probe, patient: Patient): Promise<Finding[]> {
  try {
    return (await look(patient)).map((verdict) => ({ check, ...verdict }));
  } catch (error) {
    return [{ check, verdict: 'warn', what: `could not be looked at: ${explain(error)}` }];
  }
}
