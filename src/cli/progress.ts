/** Width of the bar, in characters. */
const BAR = 30;
/** Pause between two looks of the bar, in milliseconds. */
const REDRAW_MS = 100;
/** Pause between two lines where there is no terminal, in milliseconds. */
const LINE_MS = 2_000;

/** Where progress is shown; a bar needs a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Shows how far a long work is: as a bar on a terminal, as a line every two seconds elsewhere. */
export class Progress {
  private readonly startedAt = Date.now();
  private shownAt = Date.now();
  private done = 0;

  constructor(
    private readonly stream: ProgressStream,
    private readonly label: string,
    /** How many there are in all; null where nobody knows. */
    private readonly total: number | null,
    /** The share that is done, from 0 to 1, where it is known in another way; null where it is not known at all. */
    private readonly share: () => number | null = () => (total === null ? null : this.done / total),
  ) {}

  /** So many more are done. */
  advance(count: number): void {
    this.done += count;
    const pause = this.stream.isTTY ? REDRAW_MS : LINE_MS;
    if (Date.now() - this.shownAt < pause) return;
    this.shownAt = Date.now();
    this.stream.write(this.stream.isTTY ? `\r${this.bar()}${this.text()}` : `${this.text()}\n`);
  }

  /** Takes the bar away. */
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
