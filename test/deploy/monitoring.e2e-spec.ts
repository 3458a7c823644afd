import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { ACTIONS } from '../../src/events/audit-action.js';
import { startApp, type TestApp } from '../support/app.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook: string };
}

const { groups } = parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8')) as { groups: { rules: Rule[] }[] };
const RULES = groups.flatMap(({ rules }) => rules);
const DASHBOARD = JSON.parse(readFileSync('deploy/grafana/iam.json', 'utf8')) as {
  panels: { id: number; title: string; targets: { expr: string }[] }[];
};
const EXPRESSIONS = [
  ...RULES.map(({ expr }) => expr),
  ...DASHBOARD.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];

/** The metrics of an expression: its names, without functions, labels and what is in quotes or brackets. */
function metricsOf(expression: string): string[] {
  const bare = expression.replace(/\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring) ?\([^)]*\)/g, ' ');
  return [...bare.matchAll(/[a-z_:][\w:]*(?! *\()\b/gi)]
    .filter(({ 0: name, index }) => !/^\s*\(/.test(bare.slice(index + name.length)))
    .map(([name]) => name)
    .filter((name) => !/^(e\d+|by|without)$/.test(name));
}

/** Values of the label `action` in an expression. */
const actionsOf = (expression: string): string[] =>
  [...expression.matchAll(/action="([^"]+)"/g)].map(([, action]) => action ?? '');

describe('Dashboard and alerts', () => {
  let app: TestApp;
  let served: Set<string>;

  beforeAll(async () => {
    const port = await freePort();
    app = await startApp({ env: { METRICS_PORT: String(port) } });
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    served = new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
      ),
    );
  });
  afterAll(() => app.stop());

  it('find the names in an expression', () => {
    expect(metricsOf('sum by (le, route) (rate(iam_a_bucket{status="iam_x"}[5m])) / max(up{job="y"}) > 450e6')).toEqual(
      ['iam_a_bucket', 'up'],
    );
  });

  it('use metrics that the service serves, and no others', () => {
    const names = new Set(EXPRESSIONS.flatMap(metricsOf));
    expect(names.size).toBeGreaterThan(10);
    // `up` is what Prometheus says of an instance that it asked.
    expect([...names].filter((name) => name !== 'up' && !served.has(name))).toEqual([]);
    // And show everything that is measured here.
    const own = [...served].filter((name) => /^iam_/.test(name) && !name.endsWith('_sum'));
    expect(own.filter((name) => !names.has(name))).toEqual([]);
  });

  it('ask for actions that exist', () => {
    const known: readonly string[] = ACTIONS;
    expect(EXPRESSIONS.flatMap(actionsOf).filter((action) => !known.includes(action))).toEqual([]);
  });

  it('have a panel each once', () => {
    const ids = DASHBOARD.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are explained: docs/operating.md says what to do at each alert', () => {
    const page = readFileSync('docs/operating.md', 'utf8');
    const [, chapter = ''] = /\n## Alerts\n([^]*?)\n## /.exec(page) ?? [];
    const sections = chapter.split(/^### /m).slice(1);
    expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(RULES.map(({ alert }) => alert));
    for (const section of sections) expect(section.length).toBeGreaterThan(200);
    for (const { alert, annotations } of RULES) {
      expect(annotations.runbook).toBe(`docs/operating.md#${alert.toLowerCase()}`);
    }
  });
});
