/** Runs in a browser: problems of legibility in the mail that it shows, as sentences. */
(() => {
  const problems = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) problems.push(`It is ${scrollWidth - clientWidth} px too wide`);
  const luminance = (color) => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((value) => {
      const part = Number(value) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    if (!element) return 'rgb(255, 255, 255)';
    const color = getComputedStyle(element).backgroundColor;
    return color === 'rgba(0, 0, 0, 0)' ? background(element.parentElement) : color;
  };
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].map((node) => (node.nodeType === 3 ? (node.nodeValue ?? '') : '')).join('');
    const style = getComputedStyle(element);
    if (text.trim() === '' || style.display === 'none') continue;
    const [a = 0, b = 0] = [style.color, background(element)].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    // WCAG 2.2, 1.4.3.
    if (contrast < 4.5) problems.push(`"${text.trim()}" has a contrast of ${contrast.toFixed(1)}`);
    if (Number.parseFloat(style.fontSize) < 12) problems.push(`"${text.trim()}" is set in ${style.fontSize}`);
    const { left, right } = element.getBoundingClientRect();
    if (left < 0 || right > clientWidth) problems.push(`"${text.trim()}" is cut off`);
  }
  return problems;
})();
