import { endOnSignals } from './app.process.js';

endOnSignals();
// Loaded only now: it takes a while, in which a signal to process 1 would be lost.
const { start } = await import('./app.start.js');
await start();
