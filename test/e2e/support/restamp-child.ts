// Runs the server as a child of a test: it ends with the test, also when that one is killed and can end nothing.
import { Socket } from 'node:net';

const leash = new Socket({ fd: 0 });
leash.on('close', () => process.exit(1)).resume();
// A server that ends by itself does not wait for the test.
leash.unref();

await import('../../../src/main.ts');
