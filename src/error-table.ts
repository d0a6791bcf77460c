// The error table. A code is a contract: its message may change, its meaning never does, and a retired
// code is listed in docs/reference/restamp.md and never used again. Values of ConfigMaps and Secrets are never
// put into an error; names and key names only.

/** What the queue does with work that ended in this error. */
export type Retry =
  /** Trying again cannot help; somebody must change something. */
  | 'never'
  /** Try again later, each time after a longer pause: from 100 ms to 30 s. */
  | 'backoff'
  /** The same, from 1 s to 5 min: somebody must change something first, and to try often would only make noise. */
  | 'slow-backoff'
  /** The object has moved on: read it again and decide anew. */
  | 'look-again';

type Row = { readonly text: string; readonly retry: Retry; readonly status: number; readonly remedy: string };

const row = (text: string, retry: Retry, status: number, remedy: string): Row => ({
  text,
  retry,
  status,
  remedy,
});

/** Every error that crosses a folder's border: text, retry behaviour, HTTP status (or exit code × 100), remedy. */
export const ERRORS = {
  RESTAMP_INTERNAL_FAULT: row(
    'Restamp met a fault of its own',
    'slow-backoff',
    500,
    'Everything else goes on, and this is tried again; report the log line with this code.',
  ),

  RESTAMP_CONFIG_INVALID: row(
    'The configuration is not usable',
    'never',
    200,
    'Mend every setting that is listed; `--help` shows them all.',
  ),
  RESTAMP_CONFIG_NODE: row(
    'This version of Node is too old',
    'never',
    200,
    'Run Restamp on Node 24 or newer.',
  ),

  RESTAMP_KUBE_CONFIG: row(
    'No usable way to reach an API server',
    'never',
    200,
    'Give --kubeconfig, set KUBECONFIG, or run in a cluster.',
  ),
  RESTAMP_KUBE_UNAUTHORIZED: row(
    'The API server does not accept our credentials',
    'backoff',
    401,
    'Renew the credentials of the kubeconfig or service account.',
  ),
  RESTAMP_KUBE_FORBIDDEN: row(
    'A right is missing',
    'slow-backoff',
    403,
    'Grant the verb and resource that are named; manifests/base has the exact role.',
  ),
  RESTAMP_KUBE_NOT_FOUND: row(
    'The object does not exist',
    'look-again',
    404,
    'Nothing, if it was deleted on purpose.',
  ),
  RESTAMP_KUBE_CONFLICT: row(
    'The object has changed since it was read',
    'look-again',
    409,
    'Nothing: it is read again.',
  ),
  RESTAMP_KUBE_GONE: row(
    'The resource version is too old',
    'look-again',
    410,
    'Nothing: the list is read again.',
  ),
  RESTAMP_KUBE_INVALID: row(
    'The API server refuses the content',
    'slow-backoff',
    422,
    'Read the reason: an admission policy or a validation rule forbids this write.',
  ),
  RESTAMP_KUBE_TOO_LARGE: row(
    'The API server, or a proxy before it, takes no request this large',
    'slow-backoff',
    413,
    'Make the object that is named smaller, or raise the limit of the proxy.',
  ),
  RESTAMP_KUBE_UNSUPPORTED: row(
    'The API server does not offer this request',
    'slow-backoff',
    415,
    'Check that the kind that is named takes patches and that no proxy changes methods or headers.',
  ),
  RESTAMP_KUBE_THROTTLED: row(
    'The API server asks us to slow down',
    'backoff',
    429,
    'Nothing, unless it lasts: then look at API priority and fairness.',
  ),
  RESTAMP_KUBE_UNAVAILABLE: row(
    'The API server cannot be reached or failed',
    'backoff',
    503,
    'Look at the health of the API server and the network to it.',
  ),
  RESTAMP_KUBE_PROTOCOL: row(
    'The API server answered in a way we do not understand',
    'backoff',
    502,
    'Check that the address is that of a Kubernetes API server of a supported version.',
  ),

  RESTAMP_CERTS_CA_UNREADABLE: row(
    'The key Secret does not hold a usable CA',
    'never',
    200,
    'Restore the Secret from a copy, or delete it: a new CA and key are then made, and baselines are taken again.',
  ),
  RESTAMP_CERTS_KEY_UNREADABLE: row(
    'The key Secret does not hold a usable HMAC key',
    'never',
    200,
    'Restore the Secret from a copy, or delete it: a new CA and key are then made, and baselines are taken again.',
  ),
  RESTAMP_CERTS_CONTENDED: row(
    'The key Secret was changed by somebody else on every try',
    'backoff',
    409,
    'See who writes the Secret that is named; only Restamp should.',
  ),

  RESTAMP_CERTS_CLIENT_CA: row(
    'The file of --admission-client-ca does not do',
    'never',
    200,
    'Give a PEM file with the CA that has signed the client certificate of the API server.',
  ),

  RESTAMP_ADMISSION_METHOD: row(
    'This address takes POST only',
    'never',
    405,
    'Send an AdmissionReview by POST.',
  ),
  RESTAMP_ADMISSION_MEDIA_TYPE: row(
    'The content type is not application/json',
    'never',
    415,
    'Send Content-Type: application/json.',
  ),
  RESTAMP_ADMISSION_TOO_LARGE: row(
    'The review is larger than the limit',
    'never',
    413,
    'No object that the API server stores is this large; raise --admission-max-bytes if yours are.',
  ),
  RESTAMP_ADMISSION_BUSY: row(
    'Too many bytes of reviews are being read at once',
    'backoff',
    429,
    'Nothing: the API server tries again at once. If it lasts, run more replicas.',
  ),
  RESTAMP_ADMISSION_SLOW: row(
    'The review did not arrive in time',
    'backoff',
    408,
    'Nothing: the write goes on without us. If it lasts, look at the network between the API server and Restamp.',
  ),
  RESTAMP_ADMISSION_JSON: row('The body is not JSON', 'never', 400, 'Send a whole AdmissionReview as JSON.'),
  RESTAMP_ADMISSION_REVIEW: row(
    'The body is not an admission.k8s.io/v1 AdmissionReview',
    'never',
    400,
    'Register the webhook with admissionReviewVersions: ["v1"].',
  ),
  RESTAMP_ADMISSION_RESOURCE: row(
    'This address does not review that resource',
    'never',
    400,
    'Leave the rules in our webhook configurations as Restamp writes them: each address reviews its own resources.',
  ),
  RESTAMP_ADMISSION_ROUTE: row(
    'Nothing is served at this address',
    'never',
    404,
    'Nothing: only the API server, which knows our addresses from the webhook configurations, is answered.',
  ),
  RESTAMP_ADMISSION_REPLICA: row(
    'Only a replica of this installation may say this',
    'never',
    403,
    'Show a client certificate of the CA in the key Secret; nobody but Restamp needs this address.',
  ),
  RESTAMP_ADMISSION_CALLER: row(
    'Only the API server may ask for a review',
    'never',
    403,
    'Give the API server a client certificate (--admission-control-config-file), or mend --admission-client-ca and -names.',
  ),
  RESTAMP_ADMISSION_SIGHTINGS: row(
    'The body is not a batch of sightings',
    'never',
    400,
    'Run the same version of Restamp in all replicas; during an upgrade this passes.',
  ),
  RESTAMP_ADMISSION_STOPPING: row(
    'This replica is stopping',
    'backoff',
    503,
    'Nothing: the API server tries another replica.',
  ),
  RESTAMP_ADMISSION_INTERNAL: row(
    'The review could not be answered',
    'backoff',
    500,
    'The write goes on without us (failurePolicy Ignore); report the log line with this code.',
  ),

  RESTAMP_OPS_FORBIDDEN: row(
    'This needs a token that may read the status',
    'never',
    403,
    'Send X-Restamp-Token with a token that may get the nonResourceURL /restamp/status.',
  ),
  RESTAMP_OPS_INTERNAL: row(
    'The status could not be read',
    'backoff',
    500,
    'Try again; if it lasts, look at the log.',
  ),

  RESTAMP_OUTGOING_UNAVAILABLE: row(
    'The receiver of alerts or webhooks cannot be reached or failed',
    'backoff',
    503,
    'Look at the host that is named, the network to it, and the proxy settings.',
  ),
  RESTAMP_OUTGOING_REFUSED: row(
    'The receiver of alerts or webhooks refuses what it is sent',
    'never',
    502,
    'Check ALERT_WEBHOOK_URL or --webhook-url, and ALERT_SINK; redirects are not followed.',
  ),

  RESTAMP_ROLL_REFUSED: row(
    'A workload cannot be rolled',
    'slow-backoff',
    422,
    'Read the reason; the other workloads go on.',
  ),
  RESTAMP_MAP_TOO_LARGE: row(
    'The map of stamps does not fit into its annotation',
    'never',
    422,
    'The workload rolls all the same, but a change while Restamp is down is not seen: name fewer sources, split the workload, or take large annotations off it.',
  ),
} as const satisfies Record<string, Row>;
