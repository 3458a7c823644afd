import { addressBlock, integer, line, list, url } from './schemas.js';
import type { VariableTable } from './variable.js';

/** Requests that the service sends to other hosts. `HTTPS_PROXY` and `NO_PROXY` have the names that curl gave them. */
export const OUTBOUND_VARIABLES = {
  OUTBOUND_ALLOWED_NETWORKS: {
    schema: list(addressBlock),
    default: null,
    description:
      'Comma-separated addresses or CIDR blocks that requests to other hosts may reach although they are not public, ' +
      'such as 10.20.0.0/16.',
  },
  OUTBOUND_ALLOWED_PORTS: {
    schema: list(integer(1, 65_535)),
    default: '443',
    description: 'Comma-separated ports of requests to other hosts; outside production also any port of this machine.',
  },
  HTTPS_PROXY: {
    schema: url('http', 'https'),
    default: null,
    description: 'Proxy of requests to other hosts, such as http://user:secret@proxy:3128, which is sent CONNECT.',
    secret: true,
  },
  NO_PROXY: {
    schema: line,
    default: null,
    description: 'Comma-separated hosts that are reached without HTTPS_PROXY, with their subdomains; * for all.',
  },
} as const satisfies VariableTable;
