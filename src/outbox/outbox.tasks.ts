/**
 * Everything that travels through the outbox: the name of a task and what its job carries (plain JSON). Each feature adds
 * its own by declaration merging, beside the code that handles it; a team does the same:
 * `declare module 'iam' { interface OutboxTasks { 'teams.welcome': { teamId: string } } }`.
 *
 * Names and payloads outlive a deployment, since jobs of the previous release are still waiting: add fields, never change
 * one. A payload never carries a token in clear; seal it with `SecretBox`. `acceptLanguage` and `traceparent` are the
 * outbox's own fields in every payload: what the person reads whose request queued the job, and that request in the traces.
 */
export interface OutboxTasks {}

export type OutboxTask = keyof OutboxTasks;
