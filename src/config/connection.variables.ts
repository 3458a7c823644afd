import { integer } from './parsers.js';

const connections = integer(1, 1_000_000);

/** How many connections there may be. */
export const CONNECTION_VARIABLES = {
  CONNECTIONS_PER_ADDRESS: {
    parse: connections,
    default: '1000',
    description: 'Connections that one address (IPv6: one /64) may have open, unless it is one of TRUSTED_PROXIES.',
  },
  MAX_CONNECTIONS: {
    parse: connections,
    default: '5000',
    description: 'Connections that may be open in all, those of TRUSTED_PROXIES included.',
  },
} as const;
