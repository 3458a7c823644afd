import type { TracingSettings } from '../config/config.js';
import type { Tracing } from './tracing.js';

/** Starts tracing if an endpoint is configured. Otherwise it loads nothing and returns null. */
export async function startTracing(settings: TracingSettings | null): Promise<Tracing | null> {
  if (settings === null) return null;
  const { OpenTelemetry } = await import('./open-telemetry.js');
  return OpenTelemetry.start(settings);
}
