/**
 * What filters and orders mean, written a second time from the wire contract, over plain values and with nothing of
 * the service in it. Values are as documents carry them: times are texts, JSON is parsed, null is null.
 */

export type TypeName =
  ('string' | 'words' | 'uuid' | 'boolean' | 'integer' | 'time' | 'json') | ('date' | 'numeric' | 'enum' | 'list');
/** A filter operator. */
export type Operator = 'eq' | 'in' | 'nin' | 'match' | 'contains' | 'gte' | 'lte';

const DAY_US = 86_400_000_000;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** ICU's root collation, by which text sorts as people expect. */
const collator = new Intl.Collator('und');

/** An instant in microseconds since the epoch; PostgreSQL knows no finer ones. */
function microseconds(text: string): number {
  const [, start = text, fraction = '', zone = ''] = /^(.*T[\d:]*?)\.(\d+)(.*)$/.exec(text) ?? [];
  const whole = Date.parse(fraction === '' ? text : start + zone) * 1000;
  return whole + (fraction === '' ? 0 : Math.round(Number(`0.${fraction}`) * 1_000_000));
}

/** The half-open range that a time in a filter stands for: one instant, or a whole day in UTC. */
function range(text: string): { from: number; before: number } {
  const from = microseconds(text);
  return { from, before: from + (DATE.test(text) ? DAY_US : 1) };
}

/** JSON with the members of objects in order: PostgreSQL keeps none. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member,
  );
}

/** A decimal number as an integer of which 30 digits stand after the point. */
function decimal(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(30, '0'));
}

/** Whether a value equals the text of a filter. `null` as text means without a value. */
function equals(type: TypeName, value: unknown, text: string): boolean {
  if (text === 'null') return value === null;
  if (value === null) return false;
  switch (type) {
    case 'string':
    case 'words':
    case 'date':
    case 'enum':
      return value === text;
    case 'uuid':
      return String(value).toLowerCase() === text.toLowerCase();
    case 'numeric':
      return decimal(String(value)) === decimal(text);
    case 'list':
      return Array.isArray(value) && value.includes(text);
    case 'boolean':
    case 'integer':
      return String(value) === String(JSON.parse(text));
    case 'time': {
      const at = microseconds(String(value));
      return at >= range(text).from && at < range(text).before;
    }
    case 'json':
      return canonical(value) === canonical(JSON.parse(text));
  }
}

/** Whether a value passes a filter with these texts, which are joined by OR. */
export function passes(type: TypeName, operator: Operator, value: unknown, texts: readonly string[]): boolean {
  const [text = ''] = texts;
  const instant = (): number => microseconds(String(value));
  const compared = (): number => order(type, value, type === 'integer' ? Number(text) : text);
  switch (operator) {
    case 'eq':
    case 'in':
    case 'contains':
      return texts.some((one) => equals(type, value, one));
    case 'nin':
      return !texts.some((one) => equals(type, value, one));
    case 'match':
      return value !== null && String(value).toLowerCase().includes(text.toLowerCase());
    case 'gte':
      return value !== null && (type === 'time' ? instant() >= range(text).from : compared() >= 0);
    case 'lte':
      return value !== null && (type === 'time' ? instant() < range(text).before : compared() <= 0);
  }
}

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

/**
 * The ascending order of two values: null is the greatest.
 * @param values those of an enum, in their order
 */
export function order(type: TypeName, left: unknown, right: unknown, values: readonly unknown[] = []): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  if (type === 'string') {
    // Texts that people take for the same have an order all the same.
    return collator.compare(String(left), String(right)) || byBytes(String(left), String(right));
  }
  if (type === 'enum') return values.indexOf(left) - values.indexOf(right);
  if (type === 'numeric') {
    const difference = decimal(String(left)) - decimal(String(right));
    return Number(difference > 0n) - Number(difference < 0n);
  }
  if (type === 'boolean' || type === 'integer') return Number(left) - Number(right);
  return byBytes(String(left), String(right));
}
