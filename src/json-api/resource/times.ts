/** Times and dates of requests (ISO 8601). */

/** A time after parsing: an instant or a date, or the half-open range that the day of a date is. */
type TimeOperand = { value: string } | { from: string; before: string };

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const INSTANT = /^((\d{4})-(\d\d)-(\d\d))[T ]((\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)(Z|[+ -](\d\d):?(\d\d))?$/;
/** An offset at the end of an instant (ISO 8601). */
const OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/;
const DAY_MS = 86_400_000;

/** A day of the calendar as the start of that day in UTC, in ms; `undefined` where there is no such day. */
function day(year: string, month: string, date: string): number | undefined {
  const time = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(date));
  const back = new Date(time);
  const same = back.getUTCMonth() + 1 === Number(month) && back.getUTCDate() === Number(date);
  return same && Number(year) > 0 ? time : undefined;
}

/** Reads an instant, or the day that a date stands for; `undefined` where there is no such time. */
export function parseTime(text: string): TimeOperand | undefined {
  const [, year = '', month = '', dayOfMonth = ''] = DATE.exec(text) ?? [];
  if (year) {
    const from = day(year, month, dayOfMonth);
    if (from === undefined) return undefined;
    const next = new Date(from + DAY_MS);
    // The day after 9999-12-31 has no four-digit year; PostgreSQL calls what lies after it "infinity".
    const before = next.getUTCFullYear() > 9999 ? 'infinity' : next.toISOString();
    return { from: new Date(from).toISOString(), before };
  }
  const parts = INSTANT.exec(text);
  if (!parts) return undefined;
  const [, date = '', y = '', mo = '', d = '', time = '', hours, minutes, seconds = '0'] = parts;
  const [zone = 'Z', zoneHours = '0', zoneMinutes = '0'] = parts.slice(9);
  const inRange =
    day(y, mo, d) !== undefined &&
    Number(hours) < 24 &&
    Number(minutes) < 60 &&
    Number(seconds) < 60 &&
    Number(zoneHours) < 15 &&
    Number(zoneMinutes) < 60;
  // A "+" of an offset that was not percent-encoded arrives as a space.
  return inRange ? { value: `${date}T${time}${zone.replace(' ', '+')}` } : undefined;
}

/** Whether a JSON value is an instant with its offset: a body has no percent-encoding to lose, and no zone to assume. */
export const isInstant = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes(' ') && OFFSET.test(value) && 'value' in (parseTime(value) ?? {});

/** Reads a day of the calendar; `undefined` where there is no such day. */
export function parseDate(text: string): TimeOperand | undefined {
  const [, year = '', month = '', date = ''] = DATE.exec(text) ?? [];
  return year !== '' && day(year, month, date) !== undefined ? { value: text } : undefined;
}
