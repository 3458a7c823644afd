/** Width of the bar, in characters. */
const BAR = 30;
/** Interval of updates of the bar, in milliseconds. */
const REDRAW_MS = 100;
/** Interval of lines without a terminal, in milliseconds. */
const LINE_MS = 2_000;

/** The output of progress; a bar needs a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Shows the progress of long work: a bar on a terminal, a line every two seconds elsewhere. */
export class Progress {
  private readonly startedAt = Date.now();
  private shownAt = Date.now();
  private done = 0;

  constructor(
    private readonly stream: ProgressStream,
    private readonly label: string,
    /** The total; null if unknown. */
    private readonly total: number | null,
    /** The share done, from 0 to 1, if it is known otherwise; null if unknown. */
    private readonly share: () => number | null = () => (total === null ? null : this.done / total),
  ) {}

  /** Adds to the number done. */
  advance(count: number): void {
    this.done += count;
    const pause = this.stream.isTTY ? REDRAW_MS : LINE_MS;
    if (Date.now() - this.shownAt < pause) return;
    this.shownAt = Date.now();
    this.stream.write(this.stream.isTTY ? `\r${this.bar()}${this.text()}` : `${this.text()}\n`);
  }

  /** Removes the bar. */
  end(): void {
    // Carriage return and "erase to the end of the line" (ECMA-48, EL).
    if (this.stream.isTTY) this.stream.write('\r\u001B[K');
  }

  private bar(): string {
    const share = this.share();
    if (share === null) return '';
    const full = Math.round(BAR * Math.min(1, share));
    return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] `;
  }

  private text(): string {
    const share = this.share();
    const percent = share === null ? '' : `${Math.floor(100 * Math.min(1, share))} %  `;
    const of = this.total === null ? '' : ` of ${number(this.total)}`;
    const perSecond = Math.round((1000 * this.done) / Math.max(1, Date.now() - this.startedAt));
    return `${percent}${number(this.done)}${of} ${this.label}  ${number(perSecond)}/s`;
  }
}

/** A count for people: `1,000,000`. */
export const number = (value: number): string => value.toLocaleString('en-US');
