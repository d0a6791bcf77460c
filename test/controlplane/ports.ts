import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ranges from which systems take the ports of outgoing connections, so that nobody takes one by accident. */
const lowest = 20_000;
const highest = 32_000;
const attempts = 200;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Which of `count` neighbouring ports of 127.0.0.1 from `base` on are taken now. */
export const takenPorts = async (base: number, count: number): Promise<number[]> => {
  const ports = Array.from({ length: count }, (_, offset) => base + offset);
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_, index) => free[index] !== true);
};

/**
 * The first of `count` neighbouring ports of 127.0.0.1 that were free a moment ago. Nothing reserves them: whoever binds them
 * must be ready to be told that the address is in use.
 */
export const findPorts = async (count: number): Promise<number> => {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const base = randomInt(lowest, highest - count);
    if ((await takenPorts(base, count)).length === 0) return base;
  }
  throw new Error(`No ${count} neighbouring free ports on 127.0.0.1 between ${lowest} and ${highest}.`);
};

/** One such port, for a program that must be told which one to take; what can say which one it got is given port 0. */
export const findPort = (): Promise<number> => findPorts(1);
