import { apiKind, apiVersion, type KindName } from '../core/api/kind.ts';
import type { KubeClient } from './client.ts';

/** An Event of ours, on the workload that it is about. */
export type EventText = {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: string;
};

type Involved = {
  readonly row: KindName;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** The API server refuses longer messages. */
const MAX_MESSAGE = 1024;

/** Sends a core/v1 Event, in the form in which client-go's recorder writes it. `at`: milliseconds since 1970. */
export async function sendEvent(
  client: KubeClient,
  about: Involved,
  text: EventText,
  at: number,
): Promise<void> {
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const { row, namespace, name, uid, resourceVersion } = about;
  await client.send({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/events`,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: `${name.slice(0, 200)}.`, namespace },
      involvedObject: {
        apiVersion: apiVersion(row),
        kind: apiKind(row),
        namespace,
        name,
        uid,
        resourceVersion,
      },
      type: text.type,
      reason: text.reason,
      message: text.message.slice(0, MAX_MESSAGE),
      source: { component: text.component },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    },
  });
}
