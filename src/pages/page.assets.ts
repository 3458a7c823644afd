import { createHash } from 'node:crypto';
import type { Config } from '../config/config.js';
import { lightened } from '../config/brand-color.js';

/** The style of the pages, in `head`. Contrast of every text is at least 4.5 : 1 in both colour schemes, of every border of a field 3 : 1 (WCAG 2.2, AA). */
export const STYLE = `
:root { color-scheme: light dark; --page: #f3f5f8; --card: #fff; --line: #dfe4ea; --field: #767f8b; --text: #1f2832;
  --quiet: #55606e; --accent: #2350b8; --on-accent: #fff; --link: #2350b8; --error: #b3261e; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171c; --card: #1e232a; --line: #333b46; --field: #87919e; --text: #e7eaee; --quiet: #a7b0bb;
    --link: #93b5ff; --error: #ff9d94; --good: #7fd6a1; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 24px 12px; background: var(--page); color: var(--text); overflow-wrap: anywhere;
  font: 16px/1.55 -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
body > * { max-width: 480px; }
body.wide > * { max-width: 960px; }
.product { margin: 0 auto 12px; padding: 0 4px; color: var(--quiet); font-weight: 600; }
.product a { float: right; font-weight: 400; }
.product img { height: 32px; max-width: 160px; margin-right: 10px; vertical-align: middle; }
main { margin: 0 auto; padding: 24px 18px; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
h1 { margin: 0 0 16px; font-size: 22px; line-height: 1.3; }
h2 { margin: 24px 0 8px; font-size: 18px; line-height: 1.3; }
p { margin: 0 0 12px; }
a { color: var(--link); }
form { margin-top: 20px; }
.field { margin: 0 0 20px; }
label { display: block; margin: 0 0 4px; font-weight: 600; }
input, select { display: block; width: 100%; min-height: 46px; padding: 10px 12px; border: 1px solid var(--field);
  border-radius: 8px; background: var(--card); color: var(--text); font: inherit; }
input[readonly] { border-style: dashed; color: var(--quiet); }
input[aria-invalid], select[aria-invalid] { border: 2px solid var(--error); }
.hint { margin: 0 0 6px; padding: 0; color: var(--quiet); font-size: 14px; }
ul.hint { padding-left: 20px; }
.error { margin: 0 0 6px; padding: 0; color: var(--error); font-weight: 600; list-style: none; }
.error li { margin: 0 0 4px; }
.box { display: flex; gap: 10px; align-items: flex-start; }
.box input { flex: none; width: 24px; min-height: 24px; margin: 0; padding: 0; accent-color: var(--accent); }
.box label { margin: 0; font-weight: 400; }
.box ~ .hint { margin: 4px 0 0; padding-left: 34px; list-style: none; }
.mark { margin: 0 0 4px; color: var(--good); font-size: 32px; line-height: 1; }
button { min-height: 46px; padding: 11px 22px; border: 0; border-radius: 8px; background: var(--accent);
  color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
form ~ form[data-passkey] > button { border: 1px solid var(--field); background: transparent; color: var(--text); }
button.plain { min-height: 36px; margin: 6px 0 0; padding: 5px 12px; border: 1px solid var(--field);
  background: transparent; color: var(--text); font-weight: 400; font-size: 14px; }
button.plain[aria-pressed=true] { background: var(--line); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.elsewhere a { display: block; padding: 10px 22px; border: 1px solid var(--field); border-radius: 8px; color: var(--text);
  font-weight: 600; text-align: center; text-decoration: none; }
.links { margin: 20px 0 0; padding: 0; list-style: none; }
@media (min-width: 600px) { body { padding: 48px 16px; } main { padding: 32px; } }
.mails { margin: 0; padding: 0; list-style: none; }
.mails li { padding: 10px 0; border-top: 1px solid var(--line); }
.quiet { color: var(--quiet); font-size: 14px; }
pre { margin: 0; padding: 12px 16px; border-radius: 8px; background: var(--page); white-space: pre-wrap; }
.notice { padding: 10px 14px; border-left: 4px solid var(--good); background: var(--page); }
.rows { margin: 0; padding: 0; list-style: none; }
.row { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; justify-content: space-between; padding: 10px 0;
  border-top: 1px solid var(--line); }
.row > :first-child { flex: 1 1 180px; }
.row p, .row form { margin: 0; }
.badge { color: var(--good); font-size: 14px; }
.qr { display: block; width: 240px; max-width: 100%; margin: 0 0 16px; }
.key { font-family: ui-monospace, monospace; }
.codes { columns: 2 140px; padding-left: 36px; }
@media print { form, .links { display: none; } main { border: 0; } }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
iframe { width: 100%; height: 620px; border: 1px solid var(--line); border-radius: 8px; resize: vertical; }
`;

/** Shows and hides passwords. They are submitted from a password field only. */
const REVEAL_SCRIPT = `
for (const button of document.querySelectorAll('button[data-reveals]')) {
  const field = document.getElementById(button.dataset.reveals);
  const show = (isShown) => {
    field.type = isShown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(isShown));
  };
  button.hidden = false;
  button.addEventListener('click', () => show(field.type === 'password'));
  field.form.addEventListener('submit', () => show(false));
}
`;

/** How often a challenge is replaced while a page stays open, in ms: before it expires; and how many times, which is an hour. */
const RENEWAL_MS = 4 * 60 * 1_000;
const MAX_RENEWALS = 15;

/**
 * Uses and makes passkeys (WebAuthn level 3): a form with `data-passkey` is shown where the browser can, and submitted with
 * what the authenticator answered. Browsers also offer passkeys in the field of the e-mail, where the form is conditional.
 */
const PASSKEY_SCRIPT = `
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const api = window.PublicKeyCredential;
  if (!api || !api.parseRequestOptionsFromJSON) break;
  const { passkey, options: url, request, conditional } = form.dataset;
  const hint = document.querySelector('[data-without-passkeys]');
  const error = form.querySelector('[data-error]');
  let waiting = new AbortController();
  let isAsked = false;
  const use = async (mediation) => {
    waiting.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: request, signal };
    const answer = await fetch(url, asked);
    if (!answer.ok) throw new Error(answer.statusText);
    const { transaction, options } = (await answer.json()).meta;
    const credential = passkey === 'create'
      ? await navigator.credentials.create({ publicKey: api.parseCreationOptionsFromJSON(options), signal })
      : await navigator.credentials.get({ publicKey: api.parseRequestOptionsFromJSON(options), mediation, signal });
    form.elements.transaction.value = transaction;
    form.elements.response.value = JSON.stringify(credential);
    form.submit();
  };
  const offer = async () => {
    if (isAsked || document.hidden) return;
    if (await api.isConditionalMediationAvailable()) await use('conditional');
  };
  form.hidden = false;
  if (hint) hint.hidden = true;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    error.hidden = isAsked = true;
    use('optional').catch(() => {
      error.hidden = isAsked = false;
    });
  });
  if (conditional === undefined) continue;
  let renewals = 0;
  const timer = setInterval(() => {
    if (++renewals > ${MAX_RENEWALS}) clearInterval(timer);
    else offer().catch(() => {});
  }, ${RENEWAL_MS});
  offer().catch(() => {});
}
`;

/** The script of the pages, at the end of `body`. Only passkeys need it. */
export const SCRIPT = REVEAL_SCRIPT + PASSKEY_SCRIPT;

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const policy = (styles: string, images = '') =>
  [
    `default-src 'none'`,
    `style-src ${styles}`,
    `script-src ${hash(SCRIPT)}`,
    `img-src data:${images}`,
    `form-action 'self'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');

/** The style of the pages with the color of the brand, and the Content-Security-Policy that goes with it. */
export interface PageBrand {
  readonly style: string;
  /** Allows only this style and the script, the logo, and forms to the same origin. */
  readonly policy: string;
}

/** What the configuration says of the look of pages. */
export function pageBrand({
  brandColor: color,
  brandLogoUrl: logo,
}: Pick<Config, 'brandColor' | 'brandLogoUrl'>): PageBrand {
  const links =
    color === null
      ? ''
      : `:root { --accent: ${color}; --link: ${color}; }
@media (prefers-color-scheme: dark) { :root { --link: ${lightened(color)}; } }
`;
  const style = STYLE + links;
  return { style, policy: policy(hash(style), logo === null ? '' : ` ${sourceOf(logo)}`) };
}

/** A path is at the own origin. Sources have no query (CSP 3, 2.3.1). */
function sourceOf(logo: string): string {
  if (logo.startsWith('/')) return `'self'`;
  const { origin, pathname } = new URL(logo);
  return origin + pathname;
}

/** The policy of a page that shows a mail, whose styles are its own; scripts of a mail never run. */
export const MAIL_POLICY = policy(`'unsafe-inline'`);
