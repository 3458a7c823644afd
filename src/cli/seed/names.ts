import type { Random } from './random.js';

const words = (text: string): string[] => text.trim().split(/\s*,\s*/);

/** With letters beyond ASCII, to show how sorting and searching handle them. */
const FIRST_NAMES = words(`
  Ada, Aisha, Ana, Bjørn, Carlos, Chloé, Daniel, Élise, Emma, Fatima, Felix, Grace, Hana, Ibrahim, Ines, Jack, João,
  Jürgen, Kofi, Lars, Leila, Liam, Łukasz, Maria, Mei, Miguel, Noah, Nora, Olga, Óscar, Priya, Rafael, Ruth, Sofia,
  Søren, Tomáš, Uma, Wei, Yuki, Zoë`);
const LAST_NAMES = words(`
  Abebe, Andersson, Bauer, Brown, Çelik, Chen, Costa, Dubois, Eriksen, Fernández, García, Gupta, Haddad, Hansen,
  Horváth, Ivanova, Jensen, Kaya, Khan, Kim, Kowalski, Lee, Lopez, Martin, Mensah, Müller, Murphy, Nakamura, Nguyen,
  Novák, O’Brien, Okafor, Patel, Peña, Rossi, Sato, Schäfer, Silva, Smith, Svensson, Tanaka, Taylor, Van Dijk, Weiß,
  Wójcik, Young, Zhang`);
const PLACES = words(`
  Alpine, Atlas, Baltic, Blue River, Bright, Cedar, Copper, Delta, Eastwood, Evergreen, Granite, Harbour, Ivory,
  Juniper, Lakeside, Meridian, Nordic, Orchard, Polar, Quarry, Summit, Tidal`);
const TRADES = words(`
  Analytics, Bakeries, Books, Clinics, Construction, Consulting, Energy, Engineering, Foods, Games, Hotels, Insurance,
  Labs, Logistics, Media, Motors, Pharma, Railways, Schools, Software, Studios`);

/** Name of a person. */
export const personName = (random: Random): string => `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;

/** Name of an organization. */
export const organizationName = (random: Random): string => `${random.pick(PLACES)} ${random.pick(TRADES)}`;
