import { Session } from 'node:inspector';

// For `node --import`: sends the files that the process has loaded, when a message asks for them.

const files = [];
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params: { url, length } }) => files.push({ url, length }));
session.post('Debugger.enable');

process.on('message', () => process.send(files));
