import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { VARIABLES } from '../../src/config/variables.js';
import type { Variable } from '../../src/config/variables/variable.js';

// Manifests are documents of every shape; what is expected of one is asserted.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Manifest = any;

/** The documents of a file; what is no YAML fails. */
function documents(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(`deploy/${path}`, 'utf8'), { merge: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
}

const KUBERNETES = readdirSync('deploy/kubernetes').flatMap((file) => documents(`kubernetes/${file}`));
const kind = (name: string): Manifest => KUBERNETES.find((manifest) => manifest.kind === name);
const REQUIRED = Object.entries<Variable>(VARIABLES)
  .filter(([, { requiredInProduction }]) => requiredInProduction)
  .map(([name]) => name);

describe('deploy/compose.yaml', () => {
  const [{ services, volumes }] = documents('compose.yaml');

  it('gives the service and its migration the variables that exist, and all that production requires', () => {
    for (const { environment } of [services.iam, services.migrate]) {
      expect(Object.keys(environment).filter((name) => !(name in VARIABLES))).toEqual([]);
      expect(Object.keys(environment)).toEqual(expect.arrayContaining(REQUIRED));
    }
  });

  it('starts in order, runs what the image has, and leaves time for a shutdown', () => {
    expect(services.iam.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
    expect(services.migrate.depends_on).toEqual({ database: { condition: 'service_healthy' } });
    const command: string[] = /^CMD (\[.*\])$/m
      .exec(readFileSync('Dockerfile', 'utf8'))?.[1]
      ?.match(/[^[\]", ]+/g) as string[];
    expect(services.iam.command).toEqual(command);
    expect(services.migrate.command).toEqual(['iam', 'migrate']);
    expect(parseInt(services.iam.stop_grace_period)).toBeGreaterThanOrEqual(drain() + 30);
    expect(Object.keys(volumes)).toEqual([services.database.volumes[0].split(':')[0]]);
  });
});

describe('The manifests of a new project', () => {
  const read = (path: string): Manifest => parseAllDocuments(readFileSync(path, 'utf8'))[0]?.toJS();

  it('are those of the package, with settings of its own that exist', () => {
    const { resources } = read('templates/project/kustomization.yaml');
    const { files }: { files: string[] } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(files).toEqual(expect.arrayContaining(['deploy/kubernetes', 'deploy/compose.yaml']));
    const own: string[] = kind('Kustomization').resources;
    const taken = own
      .filter((file) => file !== 'config.yaml')
      .map((file) => `node_modules/iam/deploy/kubernetes/${file}`);
    expect(resources).toEqual(['kubernetes-settings.yaml', ...taken]);
    const { metadata, data } = read('templates/project/kubernetes-settings.yaml');
    expect(metadata).toEqual(kind('ConfigMap').metadata);
    expect(Object.keys(data)).toEqual(expect.arrayContaining(Object.keys(kind('ConfigMap').data)));
    expect(Object.keys(data).filter((name) => !(name in VARIABLES))).toEqual([]);
  });

  it('leave out none but the secret', () => {
    const others = readdirSync('deploy/kubernetes').filter((file) => !/^(kustomization|secret\.example)/.test(file));
    expect(kind('Kustomization').resources).toEqual(others.sort());
  });

  it('are for an image with the commands that the image of the service has', () => {
    const last = (path: string): unknown => readFileSync(path, 'utf8').trim().split('\n').at(-1);
    expect(last('templates/project/Dockerfile')).toBe(last('Dockerfile'));
  });
});

describe('deploy/kubernetes', () => {
  const deployment = kind('Deployment').spec;
  const pod = deployment.template.spec;
  const [container] = pod.containers;

  it('configures with variables that exist, secrets apart, and all that production requires', () => {
    const settings = Object.keys(kind('ConfigMap').data);
    const secrets = Object.keys(kind('Secret').stringData);
    expect([...settings, ...secrets].filter((name) => !(name in VARIABLES))).toEqual([]);
    expect([...settings, ...secrets]).toEqual(expect.arrayContaining(REQUIRED));
    const isSecret = (name: string): boolean => (VARIABLES as Record<string, Variable>)[name]?.secret === true;
    expect(settings.filter(isSecret)).toEqual([]);
    expect(secrets.filter((name) => !isSecret(name))).toEqual([]);
    // Applying the example unchanged must not start a service with published keys.
    const example = { ...kind('ConfigMap').data, ...kind('Secret').stringData };
    expect(() => loadConfig(example)).toThrow(/JWT_PRIVATE_KEY[^]*APP_SECRET|APP_SECRET[^]*JWT_PRIVATE_KEY/);
  });

  it('asks for readiness more often than an instance drains, and restarts it for no database', () => {
    const { readinessProbe, livenessProbe, startupProbe, ports } = container;
    expect(readinessProbe.httpGet.path).toBe('/health/ready');
    expect(readinessProbe.periodSeconds * readinessProbe.failureThreshold).toBeLessThan(drain());
    expect([livenessProbe.httpGet.path, startupProbe.httpGet.path]).toEqual(['/health/live', '/health/live']);
    expect(ports).toEqual([
      { name: 'http', containerPort: Number(VARIABLES.PORT.default) },
      { name: 'metrics', containerPort: Number(VARIABLES.METRICS_PORT.default) },
    ]);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain() + 30);
    expect(deployment.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  it('runs without rights, in the migration too', () => {
    for (const { containers, ...spec } of [pod, kind('Job').spec.template.spec]) {
      expect(spec.securityContext.runAsNonRoot).toBe(true);
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(containers[0].resources.requests).toBeDefined();
      expect(containers[0].resources.limits.memory).toBeDefined();
    }
  });

  it('names the same things everywhere, and sends no request to a migration', () => {
    const labels = deployment.template.metadata.labels;
    expect(deployment.selector.matchLabels).toEqual(labels);
    expect(kind('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
    expect(kind('Service').spec.selector).toEqual(labels);
    expect(kind('Job').spec.template.metadata.labels).not.toEqual(labels);
    const from = [{ configMapRef: { name: 'iam' } }, { secretRef: { name: 'iam' } }];
    expect(container.envFrom).toEqual(from);
    expect(kind('Job').spec.template.spec.containers[0].envFrom).toEqual(from);
    expect([kind('ConfigMap').metadata.name, kind('Secret').metadata.name]).toEqual(['iam', 'iam']);
    expect(kind('Job').spec.template.spec.containers[0].image).toBe(container.image);
  });
});

function drain(): number {
  return Number(kind('ConfigMap').data.DRAIN_SECONDS);
}
