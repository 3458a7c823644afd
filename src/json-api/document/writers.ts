/** Takes a document piece by piece. */
export interface Writer {
  write(text: string): void;
}

/** Puts a document together as text. */
export class TextWriter implements Writer {
  private text = '';

  write(text: string): void {
    this.text += text;
  }

  finish(): string {
    return this.text;
  }
}

/** Kept between documents, in bytes; one that needs more takes its own. */
const KEPT = 1024 * 1024;
/** UTF-8 takes at most so many bytes for one unit of a JavaScript string. */
const WIDEST = 3;

let kept: Buffer | undefined;

/**
 * Puts a document together as bytes. As one string its rows would be copied, once to be joined and once to be encoded,
 * and as two bytes a letter as soon as one of them has a name in Greek: a page of 50 takes 31 µs in place of 101.
 */
export class ByteWriter implements Writer {
  private bytes = kept ?? Buffer.allocUnsafeSlow(KEPT);
  private length = 0;

  constructor() {
    // Two documents are never written at once, but one may fail halfway.
    kept = undefined;
  }

  write(text: string): void {
    const most = this.length + text.length * WIDEST;
    if (most > this.bytes.length) this.grow(most);
    this.length += this.bytes.write(text, this.length);
  }

  /** What was written. The writer is not to be used again. */
  finish(): Buffer {
    const document = Buffer.from(this.bytes.subarray(0, this.length));
    if (this.bytes.length === KEPT) kept = this.bytes;
    return document;
  }

  private grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(least * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
