/** Column options that entities share. */

/** Text that sorts as people expect, whatever the database's own locale: ICU's root collation. */
export const SORTED = { collation: 'und-x-icu' } as const;

/** A moment, in milliseconds and no finer, so that a time that was read can be filtered for. */
export const TIME = { type: 'timestamptz', precision: 3 } as const;
