import { randomBytes } from 'node:crypto';

/** 128 random bits, with a character of each kind that the policy asks for. */
export const randomPassword = (): string => `${randomBytes(16).toString('base64url')}-Aa1`;
