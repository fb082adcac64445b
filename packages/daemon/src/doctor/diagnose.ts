import type { Finding } from '@linecard/api';
import { dockerProbes } from './docker.js';
import { machineProbes } from './machine.js';
import { networkProbes } from './network.js';
import { examine, type Patient } from './probe.js';
import { switchProbes } from './switch.js';

/** Looks at everything that Linecard needs and tells, in a fixed order, what is well and what is not. */
export async function diagnose(patient: Patient): Promise<Finding[]> {
  const probes = [...machineProbes, ...switchProbes, ...dockerProbes, ...networkProbes];
  return (await Promise.all(probes.map((probe) => examine(probe, patient)))).flat();
}
