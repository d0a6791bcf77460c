import type { KubeClient } from './client.ts';

/** The path for which a reader of the status needs the verb `get`, as a nonResourceURL in RBAC. */
export const STATUS_RIGHT = '/restamp/status';

/** Whether the bearer of a token may read the status. Fails with RESTAMP_KUBE_*. */
export async function mayReadStatus(client: KubeClient, token: string): Promise<boolean> {
  const review = (await client.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
  })) as {
    status: { authenticated?: boolean; user?: { username?: string; uid?: string; groups?: string[] } };
  };
  const { authenticated, user } = review.status;
  if (authenticated !== true || user?.username === undefined) return false;
  const access = (await client.send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: user.username,
        uid: user.uid,
        groups: user.groups,
        nonResourceAttributes: { path: STATUS_RIGHT, verb: 'get' },
      },
    },
  })) as { status: { allowed?: boolean } };
  return access.status.allowed === true;
}
