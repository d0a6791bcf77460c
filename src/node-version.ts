// Imported first, for its effect: the libraries fail on an older Node with errors that name no remedy.
import { RestampError } from './errors.ts';

const OLDEST = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  const error = new RestampError('RESTAMP_CONFIG_NODE', `this is Node ${process.versions.node}`);
  process.stderr.write(`${error.code}: ${error.message}. ${error.remedy}\n`);
  process.exit(2);
}
