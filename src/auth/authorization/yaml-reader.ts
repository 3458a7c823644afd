import { isObject } from '../../json-api/resource/field-types.js';

export type Mapping = Record<string, unknown>;

/** Reads parsed YAML and collects what is wrong with it, each error with its path. */
export abstract class YamlReader {
  readonly errors: string[] = [];

  /** A mapping with names of the reader's choice. @param pattern what a name must match, and `wording` says so */
  protected named<T>(
    path: string,
    value: unknown,
    { pattern, wording }: { readonly pattern: RegExp; readonly wording: string },
    read: (path: string, name: string, entry: unknown) => T,
  ): Map<string, T> {
    const result = new Map<string, T>();
    for (const [name, entry] of Object.entries(this.mapping(path, value, null))) {
      const at = `${path}.${name}`;
      if (!pattern.test(name)) this.addError(at, wording);
      result.set(name, read(at, name, entry));
    }
    return result;
  }

  protected mapping(path: string, value: unknown, known: readonly string[] | null): Mapping {
    if (!isObject(value)) {
      this.addError(path, value === undefined ? 'is missing' : 'must be a mapping');
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known && !known.includes(key))
        this.addError(path, `"${key}" is not known here; known are ${known.join(', ')}`);
    }
    return value;
  }

  protected strings(path: string, value: unknown): string[] {
    if (!Array.isArray(value)) {
      this.addError(path, value === undefined ? 'is missing' : 'must be a list');
      return [];
    }
    const strings = value.map((item, index) => this.text(`${path}[${index}]`, item));
    strings.forEach((item, index) => {
      if (item && strings.indexOf(item) < index) this.addError(`${path}[${index}]`, `"${item}" is listed twice`);
    });
    return strings.filter((item) => item !== '');
  }

  protected text(path: string, value: unknown): string {
    if (typeof value === 'string' && value !== '') return value;
    this.addError(path, 'must be text');
    return '';
  }

  protected optionalText(path: string, value: unknown): string | null {
    return value === undefined ? null : this.text(path, value);
  }

  protected boolean(path: string, value: unknown): boolean {
    if (typeof value !== 'boolean') this.addError(path, 'must be true or false');
    return value === true;
  }

  protected integer(path: string, value: unknown, low: number, high: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    const range = high === Number.MAX_SAFE_INTEGER ? `from ${low}` : `from ${low} to ${high}`;
    this.addError(path, value === undefined ? 'is missing' : `must be a whole number ${range}`);
    return low;
  }

  protected addError(path: string, wording: string): void {
    this.errors.push(`${path}: ${wording}`);
  }
}
