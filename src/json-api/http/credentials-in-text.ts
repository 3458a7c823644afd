/**
 * API keys (also a start of one that could help to guess the rest) and access tokens, wherever they stand in a text:
 * people paste them into the wrong header or address. Each run of characters is read once, however long it is.
 */
const CREDENTIALS = /iam_[0-9A-Za-z]{24,}|(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+/g;

/** Replaces a credential in a text. */
const MASK = '{token}';

/** A text of a client with every API key and access token in it masked; for what is logged, stored or mailed. */
export function maskCredentials(text: string): string {
  // Most texts have none, and this is asked of every line of the log.
  return text.includes('iam_') || text.includes('eyJ') ? text.replace(CREDENTIALS, MASK) : text;
}
