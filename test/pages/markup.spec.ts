import { describe, expect, it } from '@jest/globals';
import { flag, markup, trusted } from '../../src/pages/markup.js';

describe('Markup', () => {
  it('escapes every value, in text and in attributes', () => {
    const evil = `<script>alert("1" & '2')</script>`;
    expect(markup`<p title="${evil}">${evil}</p>`.text).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;">' +
        '&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</p>',
    );
  });

  it('keeps what is markup already, also in lists', () => {
    expect(markup`<ul>${['<a>', '<b>'].map((one) => markup`<li>${one}</li>`)}</ul>`.text).toBe(
      '<ul><li>&lt;a&gt;</li><li>&lt;b&gt;</li></ul>',
    );
    expect(markup`${trusted('<br>')}`.text).toBe('<br>');
  });

  it('writes nothing for what is absent, and zero as zero', () => {
    expect(markup`[${null}${undefined}${false}${''}${0}]`.text).toBe('[0]');
  });

  it('writes a flag or not', () => {
    expect(markup`<input${flag('required', true)}${flag('autofocus', false)}>`.text).toBe('<input required>');
  });
});
