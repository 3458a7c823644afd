/**
 * Runs in a browser: what it knows about a page that people with a screen reader, a keyboard or weak eyes would stumble
 * over, as sentences.
 */
(() => {
  const problems = [];
  const expectThat = (holds, problem) => {
    if (!holds) problems.push(problem);
  };
  const all = (selector) => [...document.querySelectorAll(selector)];

  expectThat(document.documentElement.lang !== '', 'The page has no language');
  expectThat(document.title !== '', 'The page has no title');
  expectThat(all('h1').length === 1, 'There is not exactly one main heading');
  expectThat(all('main').length === 1, 'There is not exactly one main part');

  for (const field of all('input:not([type=hidden])')) {
    expectThat(field.labels.length === 1, `${field.name} has no label`);
    expectThat(field.autocomplete !== '', `${field.name} does not say what it is for`);
    const described = (field.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean);
    for (const id of described) expectThat(document.getElementById(id), `${field.name} is described by nothing`);
    const isBroken = field.getAttribute('aria-invalid') === 'true';
    expectThat(
      !isBroken || described.includes(`${field.id}-error`),
      `${field.name} does not say what is wrong with it`,
    );
  }

  // WCAG 2.2, 2.5.8, in CSS pixels.
  for (const target of all('button, input:not([type=hidden])')) {
    expectThat(target.hidden || target.offsetHeight >= 24, `${target.outerHTML} is too small to be hit`);
  }

  // WCAG 2.2, 1.4.3.
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgroundOf = (element) => {
    if (!element) return 'rgb(255, 255, 255)';
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? backgroundOf(element.parentElement) : color;
  };
  const ownText = (element) =>
    element.value ?? [...element.childNodes].map(({ nodeType, data }) => (nodeType === 3 ? data.trim() : '')).join('');
  for (const element of all('main *, .product')) {
    const text = ownText(element);
    if (!text || element.hidden) continue;
    const [a, b] = [getComputedStyle(element).color, backgroundOf(element)].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    expectThat(contrast >= 4.5, `"${text}" has a contrast of ${contrast.toFixed(1)}`);
  }

  const { scrollWidth, clientWidth } = document.documentElement;
  expectThat(scrollWidth <= clientWidth, `The page is ${scrollWidth - clientWidth} px too wide`);
  return problems;
})();
