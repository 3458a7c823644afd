import ts from 'typescript';

/** CPU time in which TypeScript checks its own library on a machine where the bounds of tests hold, in milliseconds. */
const LIBRARY_MS = 1_100;
/** The fastest counts: others on a shared machine make the rest slower. */
const TURNS = 3;

/**
 * By how much this machine is slower now than one where bounds in seconds hold, at least 1. What takes a bounded time
 * there may take as many times longer here.
 */
export function slowness(): number {
  return Math.max(1, Math.min(...Array.from({ length: TURNS }, libraryMilliseconds)) / LIBRARY_MS);
}

function libraryMilliseconds(): number {
  const lib = ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'];
  const program = ts.createProgram([import.meta.filename], { lib, types: [], noResolve: true, noEmit: true });
  const started = process.cpuUsage();
  for (const file of program.getSourceFiles()) {
    if (program.isSourceFileDefaultLibrary(file)) program.getSemanticDiagnostics(file);
  }
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1_000;
}
