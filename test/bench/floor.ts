// What the API server alone takes: the same patches from a plain client that knows beforehand what to send. A process
// of its own, as the programs that it is compared with are.
//   stdin   {url, ca, token, atOnce, patches: [{path, body}]}, one line
//   stdout  `done`
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

export type FloorJob = {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  readonly atOnce: number;
  readonly patches: readonly { readonly path: string; readonly body: string }[];
};

/** The user agent by which the audit log tells its requests. */
export const FLOOR_AGENT = 'restamp-bench-floor';

const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';

async function run({ url, ca, token, atOnce, patches }: FloorJob): Promise<void> {
  const agent = new Agent({ keepAlive: true, ca, maxSockets: atOnce });
  const headers = { authorization: `Bearer ${token}`, 'user-agent': FLOOR_AGENT };
  const send = (method: string, path: string, body?: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': STRATEGIC_PATCH };
      const call = request(
        new URL(path, url),
        { agent, method, headers: { ...headers, ...type } },
        (answer) => {
          if ((answer.statusCode ?? 0) >= 400) reject(new Error(`${method} ${path}: ${answer.statusCode}`));
          answer.resume().on('end', resolve);
        },
      );
      call.on('error', reject).end(body);
    });
  // The connections are there before the clock starts.
  await Promise.all(Array.from({ length: atOnce }, () => send('GET', '/version')));
  const left = patches.values();
  const worker = async (): Promise<void> => {
    for (const { path, body } of left) await send('PATCH', path, body);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  agent.destroy();
}

if (import.meta.main) {
  await run(JSON.parse(await text(process.stdin)) as FloorJob);
  process.stdout.write('done\n');
}
