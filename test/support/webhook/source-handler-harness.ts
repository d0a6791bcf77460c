import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import type { Current } from '../../../src/core/stamps/plan.ts';
import type { SourceMarks } from '../../../src/core/opt-in/opt-in.ts';
import type { SourceRef } from '../../../src/core/api/source.ts';
import type { Workload } from '../../../src/core/objects/workload.ts';
import type { Sighting } from '../../../src/attribution/sightings.ts';
import { parseReview, type ReviewAnswer } from '../../../webhook/request/admission-review.ts';
import { createSourceRoute, type SourceRouteParts } from '../../../webhook/source-handler.ts';
import { NOW, ring } from '../controller/builders.ts';
import { review } from './admission-server-harness.ts';

export type Asked = {
  readonly answer: ReviewAnswer;
  readonly sightings: readonly Sighting[];
  readonly audit: readonly (readonly [Readonly<Record<string, unknown>>, string])[];
  readonly previews: readonly { ref: SourceRef; next: Current; marks: SourceMarks | undefined }[];
};

/** Lets the source route answer one review; `rolls` are the workloads that would roll. */
export function ask(
  request: object = {},
  rolls: readonly Workload[] = [],
  more: Partial<SourceRouteParts> = {},
): Asked {
  const sightings: Sighting[] = [];
  const audit: [Readonly<Record<string, unknown>>, string][] = [];
  const previews: { ref: SourceRef; next: Current; marks: SourceMarks | undefined }[] = [];
  const route = createSourceRoute({
    ring,
    keys: RELOADER_KEYS,
    selector: [],
    now: () => NOW,
    matters: () => true,
    inScope: () => true,
    preview: (ref, next, marks) => {
      previews.push({ ref, next, marks });
      return rolls;
    },
    sight: (sighting) => sightings.push(sighting),
    audit: (fields, message) => audit.push([fields, message]),
    ...more,
  });
  const answer = route(parseReview(JSON.parse(JSON.stringify(review(request)))));
  return { answer, sightings, audit, previews };
}

/** A source as a review carries it. */
export function object(data: object, metadata: object = {}): object {
  const own = { name: 'app', namespace: 'apps', uid: 'uid-app', resourceVersion: '7', ...metadata };
  return { metadata: own, data };
}

export const SECRETS = { group: '', version: 'v1', resource: 'secrets' };
