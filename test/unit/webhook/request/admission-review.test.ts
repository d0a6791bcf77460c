import fc from 'fast-check';
import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { allow, parseReview, type ReviewRequest } from '../../../../webhook/request/admission-review.ts';
import { review } from '../../../support/webhook/admission-server-harness.ts';

const refusal = (body: unknown): string => {
  try {
    parseReview(body);
  } catch (error) {
    if (error instanceof RestampError && error.code === 'RESTAMP_ADMISSION_REVIEW') return error.detail;
    throw error;
  }
  return 'accepted';
};

const without = (field: string): unknown => review({ [field]: undefined });

t.test('a review is refused by what is missing, in words', async (t) => {
  const cases: [unknown, string][] = [
    [null, 'it is no object'],
    [[], 'it is no object'],
    ['AdmissionReview', 'it is no object'],
    [{ ...review(), kind: 'Review' }, 'kind is "Review"'],
    [{ ...review(), kind: undefined }, 'kind is undefined'],
    [{ ...review(), apiVersion: 'admission.k8s.io/v1beta1' }, 'apiVersion is "admission.k8s.io/v1beta1"'],
    [{ ...review(), request: [] }, 'request is missing'],
    [without('uid'), 'request.uid is missing'],
    [review({ uid: '' }), 'request.uid is missing'],
    [review({ uid: 7 }), 'request.uid is missing'],
    [review({ uid: 'u'.repeat(65) }), 'request.uid is missing'],
    [review({ operation: 'CONNECT' }), 'request.operation is "CONNECT"'],
    [review({ operation: {} }), 'request.operation is object'],
    [without('resource'), 'request.resource is missing'],
    [review({ resource: { group: '' } }), 'request.resource is missing'],
    [without('userInfo'), 'request.userInfo is missing'],
    [without('object'), 'request.object is missing'],
    [review({ object: {} }), 'request.object is missing'],
    [without('oldObject'), 'request.oldObject is missing'],
    [review({ oldObject: null }), 'request.oldObject is missing'],
    [review({ operation: 'CREATE', object: null }), 'request.object is missing'],
    [review({ operation: 'DELETE', oldObject: null }), 'request.oldObject is missing'],
  ];
  for (const [body, says] of cases) t.equal(refusal(body), says);
});

t.test('a CREATE needs no old object and a DELETE no new one', async (t) => {
  t.equal(refusal(review({ operation: 'CREATE', oldObject: null })), 'accepted');
  t.equal(refusal(review({ operation: 'DELETE', object: null })), 'accepted');
});

t.test('a refusal quotes no more than a few characters', async (t) => {
  t.equal(refusal({ ...review(), kind: 'k'.repeat(500) }), `kind is "${'k'.repeat(60)}"`);
});

t.test('no body whatever makes the parser fail in another way', async (t) => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (request, value) => {
      refusal(value);
      refusal({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
      return true;
    }),
  );
  t.pass();
});

const request = parseReview(review());

t.test('the answer echoes the uid, allows, and has only what there is to say', async (t) => {
  const answer = (response: object): object => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'r-1', allowed: true, ...response },
  });
  t.same(allow(request, {}), answer({}));
  t.same(allow(request, { warnings: [] }), answer({}));
  t.same(allow(request, { warnings: ['w'] }), answer({ warnings: ['w'] }));
  t.same(allow(request, { auditAnnotations: { rolls: '1' } }), answer({ auditAnnotations: { rolls: '1' } }));
});

t.test('a patch goes with its type, and neither without the other', async (t) => {
  const patch = [{ op: 'add', path: '/metadata/annotations', value: { a: 'é' } }];
  const { response } = allow(request, { patch }) as { response: Record<string, string> };
  t.equal(response['patchType'], 'JSONPatch');
  t.same(JSON.parse(Buffer.from(response['patch'] ?? '', 'base64').toString()), patch);
  const empty = (allow(request, { patch: [] }) as { response: object }).response;
  t.notOk(Object.hasOwn(empty, 'patch') || Object.hasOwn(empty, 'patchType'));
});

t.test('whatever the uid is, it comes back as it came', async () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (uid) => {
      const parsed: ReviewRequest = parseReview(JSON.parse(JSON.stringify(review({ uid }))));
      return (allow(parsed, {}) as { response: { uid: string } }).response.uid === uid;
    }),
  );
});
