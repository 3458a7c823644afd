import type { Pool } from 'pg';

/** Jobs that wait for code which is not here. */
export interface Strays {
  readonly task: string;
  readonly jobs: number;
}

/** The jobs whose task is none of the known ones. The library takes them for nobody, so they stay as they are. */
export async function findStrays(pool: Pool, known: readonly string[]): Promise<readonly Strays[]> {
  const { rows } = await pool.query<Strays>(
    `SELECT task_identifier AS task, count(*)::int AS jobs FROM graphile_worker.jobs
     WHERE task_identifier <> ALL ($1::text[]) GROUP BY 1 ORDER BY 1`,
    [known],
  );
  return rows;
}
