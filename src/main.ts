import { endOnSignals } from './app.process.js';

endOnSignals();
// Loaded after the signal handlers: it takes time, during which a signal to process 1 would be lost.
const { start } = await import('./app.start.js');
await start();
