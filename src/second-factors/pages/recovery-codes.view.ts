import { Injectable } from '@nestjs/common';
import { PagePaths } from '../../pages/page.paths.js';
import type { View } from '../../pages/page.renderer.js';
import type { PageText } from '../../pages/text/page.text.js';
import { groupedCode } from '../recovery-codes/recovery-codes.js';

/** The page that shows new recovery codes, once. Its download is in the page itself, so that nothing is stored for it. */
@Injectable()
export class RecoveryCodesView {
  constructor(private readonly paths: PagePaths) {}

  /** @param returnTo where the account goes on, checked; null for the page of its second factors */
  page(text: PageText, made: readonly string[], returnTo: string | null): View<'recovery-codes'> {
    const { next, codes } = text.account.secondFactors;
    const { title, intro, download, file, saved } = codes.shown;
    const shown = made.map(groupedCode);
    const content = encodeURIComponent([title, '', ...shown, ''].join('\r\n'));
    return {
      template: 'recovery-codes',
      title,
      data: {
        heading: title,
        body: intro,
        codes: shown,
        download: { href: `data:text/plain;charset=utf-8,${content}`, label: download, file: `${file}.txt` },
        link: {
          href: returnTo ?? this.paths.to('account/second-factors'),
          label: returnTo === null ? saved : `${saved} – ${next}`,
        },
      },
    };
  }
}
