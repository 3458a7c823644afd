import type { Client } from 'pg';

/**
 * The one place that uses members of `pg` which it does not document: its emitter of protocol messages and the socket.
 * `test/database/private-members.spec.ts` fails when an update changes them.
 */

/** A setting that the server reports, at the start of a session and on every change (ParameterStatus). */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** Messages of the server (PostgreSQL, 55.7), each at the moment that it arrives. */
export interface ProtocolListeners {
  /** The server is ready for the next statement. */
  readonly ready: () => void;
  /** The server reports a setting. */
  readonly setting: (name: string, value: string) => void;
  /** A statement failed with this SQLSTATE. */
  readonly failed: (sqlState: string | undefined) => void;
}

/** Listens to the protocol of a client, from before it connects until its end. */
export function listenToProtocol({ connection }: Client, { ready, setting, failed }: ProtocolListeners): void {
  connection.on('readyForQuery', ready);
  connection.on('parameterStatus', (status: ParameterStatus) => setting(status.parameterName, status.parameterValue));
  connection.on('errorMessage', ({ code }: { code?: string }) => failed(code));
}

/** Closes the socket without a goodbye to the server: pending statements get this error. */
export function closeSocket({ connection }: Client, reason?: Error): void {
  connection.stream.destroy(reason);
}
