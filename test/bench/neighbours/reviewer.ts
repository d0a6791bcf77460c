// Small reviews, one after the other on one connection, from a process of its own: nothing else makes them wait.
//   stdin   {url, ca, namespace}, one line; they end when stdin does
//   stdout  {times: milliseconds of each}
import { once } from 'node:events';
import { Agent } from 'node:https';
import { createInterface } from 'node:readline';
import { post, reviewOf, type DoorAddress } from './door.ts';

const SMALL_BYTES = 1_000;

const lines = createInterface({ input: process.stdin });
const [line] = (await once(lines, 'line')) as [string];
const { namespace, ...door } = JSON.parse(line) as DoorAddress & { namespace: string };
const over = new AbortController();
lines.once('close', () => over.abort());
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const body = reviewOf(namespace, SMALL_BYTES);
const times: number[] = [];
while (!over.signal.aborted) {
  const started = performance.now();
  const status = await post(door, body, { agent });
  if (status !== 200) throw new Error(`a small review got ${status}`);
  times.push(performance.now() - started);
}
process.stdout.write(`${JSON.stringify({ times })}\n`);
agent.destroy();
