import type { TracingSettings } from '../config/config.js';
import type { Tracing } from './tracing.js';

/** Starts to trace, where the configuration says where to. Elsewhere it loads nothing, and there is nothing to ask. */
export async function startTracing(settings: TracingSettings | null): Promise<Tracing | null> {
  if (settings === null) return null;
  const { OpenTelemetry } = await import('./open-telemetry.js');
  return OpenTelemetry.start(settings);
}
