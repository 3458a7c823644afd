import { z } from 'zod';

/** The color of buttons and links where BRAND_COLOR names none. */
export const DEFAULT_COLOR = '#2350b8';
/** That of links on dark backgrounds. */
export const DEFAULT_COLOR_ON_DARK = '#93b5ff';
/** Behind links, in light colors the darker of the backgrounds of pages and mails, in dark colors the lighter one. */
const LIGHT_BACKGROUND = '#f3f5f8';
const DARK_BACKGROUND = '#1e232a';
/** Minimum contrast of text (WCAG 2.2, 1.4.3, level AA). */
const MIN_CONTRAST = 4.5;

const channels = (color: string): number[] => [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));

/** Relative luminance (WCAG 2.2), from 0 to 1. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color)
    .map((channel) => channel / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colors such as `#2350b8` (WCAG 2.2), from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((left, right) => left - right);
  return (light + 0.05) / (dark + 0.05);
}

/** A color for links on dark backgrounds: the same, mixed with as much white as it needs to be read there. */
export function lightened(color: string): string {
  for (let white = 0; ; white += 0.05) {
    const mixed = channels(color).map((channel) => Math.round(channel + (255 - channel) * Math.min(white, 1)));
    const text = `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
    if (contrast(text, DARK_BACKGROUND) >= MIN_CONTRAST) return text;
  }
}

/** A color in hexadecimal that links on light backgrounds and behind white labels of buttons can have. */
export const brandColor = z
  .string()
  .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i, 'must be a color in hexadecimal such as #2350b8')
  .transform((text) => text.toLowerCase().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3'))
  .refine((color) => contrast(color, LIGHT_BACKGROUND) >= MIN_CONTRAST, {
    error: ({ input }) =>
      `must be darker: its contrast with the background ${LIGHT_BACKGROUND} is ` +
      `${contrast(String(input), LIGHT_BACKGROUND).toFixed(1)} : 1, and text needs ${MIN_CONTRAST} : 1`,
  });
