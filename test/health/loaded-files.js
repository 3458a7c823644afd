import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// For `node --import`: sends the files that the process has loaded, and what its heap keeps, when a message asks for one.

const files = [];
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params: { url, length } }) => files.push({ url, length }));
session.post('Debugger.enable');

/** In bytes, after a collection. */
function heap() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

process.on('message', (wanted) => process.send(wanted === 'heap' ? heap() : files));
