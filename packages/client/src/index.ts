/** The client of the service's own API; `npx iam client` writes one that has a team's resources too. */
export * from './core.js';
export * from './generated/api.js';
