import { createRequire } from 'node:module';
import type MailMessage from 'nodemailer/lib/mailer/mail-message';
import type MimeNode from 'nodemailer/lib/mime-node';

/** As CommonJS, which the transport has loaded. */
const { encode, wrap }: typeof import('nodemailer/lib/qp') = createRequire(import.meta.url)('nodemailer/lib/qp');

/** How the library encodes text, unless most of it is beyond ASCII. */
const TEXT_ENCODINGS: ReadonlySet<string | false> = new Set(['7bit', '8bit', 'quoted-printable']);

/**
 * A plugin of nodemailer for its step `stream`: writes a message of texts in one piece. The library passes each part
 * through streams of its own, which is a quarter of the CPU that it needs to send a mail; the bytes are the same. Other
 * messages are left to it.
 */
export function writeInOnePiece({ message }: Pick<MailMessage, 'message'>, done: () => void): void {
  if (isText(message)) {
    message.stream = (output, _options, written) => {
      output.write(sourceOf(message));
      written();
    };
  }
  done();
}

function isText(node: MimeNode): boolean {
  if (node.childNodes.length > 0) return node.childNodes.every(isText);
  return typeof node.content === 'string' && TEXT_ENCODINGS.has(node.getTransferEncoding());
}

/** The source of a message of texts, or of one of its parts (RFC 2046). */
function sourceOf(node: MimeNode): string {
  const { childNodes, content } = node;
  // The library sets the boundary while it writes the headers.
  const headers = `${node.buildHeaders()}\r\n\r\n`;
  if (childNodes.length === 0) {
    const text = String(content);
    return headers + (node.getTransferEncoding() === 'quoted-printable' ? wrap(encode(text)) : text);
  }
  const { boundary } = node;
  const parts = childNodes.map((part) => `--${boundary}\r\n${sourceOf(part)}`);
  return `${headers}${parts.join('\r\n')}\r\n--${boundary}--\r\n`;
}
