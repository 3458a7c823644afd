import { BOTH_CORES, LOAD_CORE, type Cores } from './cores.js';
import type { Row } from './rows.js';

/** How the processes of a run share the machine. In each, what is measured has the first core to itself. */
export interface MachineSetup {
  readonly name: SetupName;
  /** For the results and docs/performance.md. */
  readonly title: string;
  /** Where PostgreSQL runs. */
  readonly database: Cores;
  /** Connections of the load generator, unless the command line says otherwise. */
  readonly connections: number;
  /** Whether it is of no use when PostgreSQL cannot be bound. */
  readonly bindsDatabase: boolean;
  measures(row: Row): boolean;
}

export const SETUP_NAMES = ['first', 'second'] as const;
export type SetupName = (typeof SETUP_NAMES)[number];

export const SETUPS: readonly MachineSetup[] = [
  {
    name: 'first',
    title: 'First set-up: PostgreSQL on both cores',
    database: BOTH_CORES,
    connections: 10,
    bindsDatabase: false,
    measures: () => true,
  },
  {
    name: 'second',
    title: 'Second set-up: PostgreSQL and the load share the second core',
    database: LOAD_CORE,
    connections: 32,
    bindsDatabase: true,
    measures: ({ firstSetupOnly }) => firstSetupOnly !== true,
  },
];
