/** A memory with a bound: what was not asked for longest goes first. */
export class Recent<Key, Value> {
  private readonly entries = new Map<Key, Value>();

  /** @param most how many entries are kept */
  constructor(private readonly most: number) {}

  get(key: Key): Value | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): Value {
    const oldest = this.entries.keys().next();
    if (this.entries.size >= this.most && !oldest.done) this.entries.delete(oldest.value);
    this.entries.set(key, value);
    return value;
  }
}
