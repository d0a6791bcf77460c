import { isRecord, isText } from '../../src/core/api/shape.ts';
import { RestampError } from '../../src/errors.ts';
import { boundManager, boundUser, isId } from './review-bounds.ts';
import { withSoundMetadata } from './review-metadata.ts';

/** The part of an admission.k8s.io/v1 request that Restamp reads, each of its type and of a length that can be kept. */
export type ReviewRequest = {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: { readonly group: string; readonly resource: string };
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly userInfo: { readonly username: string; readonly groups: readonly string[] };
  readonly fieldManager: string | undefined;
  readonly object: unknown;
  readonly oldObject: unknown;
};

/** What the API server is told beside `allowed: true`: warnings for people, annotations for its audit log. */
export type ReviewAnswer = {
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  /** A JSON Patch of the object; only for mutating webhooks. */
  readonly patch?: readonly object[];
};

const API_VERSION = 'admission.k8s.io/v1';
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'];

/** Reads an AdmissionReview. Unknown fields are passed over: the API grows. Fails with RESTAMP_ADMISSION_REVIEW and says what is missing. */
export function parseReview(body: unknown): ReviewRequest {
  if (!isRecord(body)) throw invalid('it is no object');
  if (body['kind'] !== 'AdmissionReview') throw invalid(`kind is ${shown(body['kind'])}`);
  if (body['apiVersion'] !== API_VERSION) throw invalid(`apiVersion is ${shown(body['apiVersion'])}`);
  const request = body['request'];
  if (!isRecord(request)) throw invalid('request is missing');
  const { uid, operation, resource, userInfo, options } = request;
  if (!isId(uid)) throw invalid('request.uid is missing');
  if (!OPERATIONS.includes(operation as string)) throw invalid(`request.operation is ${shown(operation)}`);
  if (!isRecord(resource) || typeof resource['resource'] !== 'string')
    throw invalid('request.resource is missing');
  if (!isRecord(userInfo)) throw invalid('request.userInfo is missing');
  const needed = operation === 'DELETE' ? 'oldObject' : 'object';
  if (!isObject(request[needed])) throw invalid(`request.${needed} is missing`);
  if (operation === 'UPDATE' && !isObject(request['oldObject']))
    throw invalid('request.oldObject is missing');
  return {
    uid,
    operation: operation as ReviewRequest['operation'],
    resource: { group: textOf(resource['group']), resource: resource['resource'] },
    namespace: textOf(request['namespace']),
    dryRun: request['dryRun'] === true,
    userInfo: boundUser(userInfo),
    fieldManager: boundManager(isRecord(options) ? options['fieldManager'] : undefined),
    object: isObject(request['object']) ? withSoundMetadata(request['object']) : undefined,
    oldObject: isObject(request['oldObject']) ? withSoundMetadata(request['oldObject']) : undefined,
  };
}

const textOf = (value: unknown): string => (isText(value) ? value : '');

/** The review that is sent back. Restamp never denies a write because of itself. */
export function allow(request: ReviewRequest, answer: ReviewAnswer): object {
  const { warnings = [], auditAnnotations, patch = [] } = answer;
  return {
    apiVersion: API_VERSION,
    kind: 'AdmissionReview',
    response: {
      uid: request.uid,
      allowed: true,
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(auditAnnotations === undefined ? {} : { auditAnnotations }),
      // Neither member may come without the other one.
      ...(patch.length === 0
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    },
  };
}

function invalid(what: string): RestampError {
  return new RestampError('RESTAMP_ADMISSION_REVIEW', what);
}

/** A short, safe form of what stands where something else was expected. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : typeof value;
}

/** Whether it has the one part that every object of the API has. */
function isObject(value: unknown): value is { readonly metadata: Record<string, unknown> } {
  return isRecord(value) && isRecord(value['metadata']);
}
