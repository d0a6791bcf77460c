import { startControlPlane, type ControlPlane } from '../controlplane/controlplane.ts';
import { AuditTrail } from './audit-trail.ts';

/** A control plane of the bench's own, with its audit log. */
export type Stand = {
  readonly controlPlane: ControlPlane;
  readonly trail: AuditTrail;
  readonly say: (line: string) => void;
};

/** Starts a control plane, does the work, and ends it whatever happens. */
export async function onStand<T>(
  say: (line: string) => void,
  work: (stand: Stand) => Promise<T>,
): Promise<T> {
  const controlPlane = await startControlPlane({ audit: true, onProgress: say });
  try {
    return await work({ controlPlane, trail: new AuditTrail(controlPlane.auditLog ?? ''), say });
  } finally {
    await controlPlane.stop();
  }
}
