import type { ThrottleSettings } from '../../src/config/config.js';

/** The default limits, as in `.env.example` and the documentation. */
export const THROTTLE_DEFAULTS: ThrottleSettings = {
  windowSeconds: 900,
  perEmailAndAddress: 5,
  perAddress: 100,
  perEmail: 50,
  invitationsPerActor: 500,
  invitationsPerRecipient: 5,
  takenEmailsPerActor: 30,
  writesPerActor: 1200,
  disabled: false,
};
