import { phcBase64 } from './hash-text.js';

/** The parameters that a Firebase project hashes all its passwords with. */
export interface FirebaseHashConfig {
  readonly signerKey: string;
  readonly saltSeparator: string;
  readonly rounds: number;
  readonly memCost: number;
}

/** Bytes of a signer key are few: it is stored with each hash. */
const MAX_KEY_LENGTH = 256;

const FIELDS = {
  signerKey: /\bbase64_signer_key"?\s*:\s*"?([\w+/=-]+)/,
  saltSeparator: /\bbase64_salt_separator"?\s*:\s*"?([\w+/=-]+)/,
  rounds: /\brounds"?\s*:\s*"?(\d{1,2})\b/,
  memCost: /\bmem_cost"?\s*:\s*"?(\d{1,2})\b/,
} as const;

/**
 * Reads the parameters as Firebase's console shows them ("Password hash parameters"), or as JSON with the same names.
 * @throws Error that names what is missing
 */
export function readFirebaseHashConfig(text: string): FirebaseHashConfig {
  const field = (name: keyof typeof FIELDS): string => FIELDS[name].exec(text)?.[1] ?? '';
  const [signerKey, saltSeparator] = [phcBase64(field('signerKey')), phcBase64(field('saltSeparator'))];
  const [rounds, memCost] = [Number(field('rounds')), Number(field('memCost'))];
  const missing = [
    ...(signerKey === null || signerKey.length > MAX_KEY_LENGTH ? ['base64_signer_key'] : []),
    ...(saltSeparator === null ? ['base64_salt_separator'] : []),
    ...(rounds < 1 ? ['rounds'] : []),
    ...(memCost < 1 ? ['mem_cost'] : []),
  ];
  if (missing.length > 0 || signerKey === null || saltSeparator === null) {
    throw new Error(`Firebase's hash parameters lack ${missing.join(', ')}; copy all of hash_config from the console.`);
  }
  return { signerKey, saltSeparator, rounds, memCost };
}
